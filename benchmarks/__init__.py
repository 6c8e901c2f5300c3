"""How fast the service is, beside what people would use in its place, in one run on one machine: `make bench`; and how
it stands too much of everything: `make overload`, `make soak`.

photos.py    the JPEGs that are sent
networks.py  the graphs that are timed bare: street in int8 and float, VGG-16
subjects.py  what is measured: the service and its rivals, each a server in a process of its own
load.py      how requests are sent: one after the other, back to back, at random times
rounds.py    many rounds, turn by turn, and what can be said of their ratios
report.py    the table, the JSON and the plot
timings.py   the stages of a request alone and among others, and their sum
memory.py    resident memory under requests of random sizes
wire.py      one request on a connection of its own, whatever it is
overload.py  ten times as many requests as can be answered
sender.py    sends them, when each is due
traffic.py   what a service gets in a day, hostile.py the worst of it
soak.py      an hour of that traffic, verdict.py what must be as before
promise.py   what is promised, and whether it is kept
"""
