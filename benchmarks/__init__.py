"""Measures the service beside its alternatives (`make bench`), and tests it under load (`make overload`, `make soak`).

photos.py    the JPEGs that are sent
networks.py  the graphs that are timed bare: street in int8 and float, VGG-16
subjects.py  the measured servers: the service and its rivals, each in its own process
load.py      sends requests one after the other, back to back, or at random times
measure.py   measures everything once in every round
rounds.py    statistics over the rounds
report.py    the tables, the JSON and the plot
timings.py   the stages of a request, alone and among others
memory.py    the service in a control group with little memory, made by group.py
resident.py  resident memory under photos of random sizes
wire.py      one request on its own connection, as bytes
overload.py  ten times as many requests as can be answered
sender.py    sends them when they are due
traffic.py   mixed traffic, with the hostile requests of hostile.py
volumes.py   a whole scan, and a camera beside it
folders.py   `fcn-serve segment` on a folder, and killed
outlines.py  what it costs to draw the outlines of enlarged masks
soak.py      an hour of that traffic, judged by verdict.py
monitored.py a load that changes, scraped by prometheus.py; the panels of dashboard.py as a picture by drawing.py
refusals.py  uploads that are refused early, by the clients in clients/, also through nginx.py
scale/       the service on many machines, on paper: a simulation of one, held against load tests
promise.py   a promise, its measurement, and whether it is kept
"""
