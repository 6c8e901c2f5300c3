"""How far the service scales, on paper: a simulation of one node, held against load tests, and a plan of many.

cores.py        threads that take turns on cores
node.py         the service on one node: threads, queue, turns
calibration.py  measured requests -> the work of an image
trial.py        the service under loads
comparison.py   the simulation beside them
plan.py         nodes, cores, bytes and money, from figures of one node
rows.py         bytes of an image's row in Parquet
figures.py      all that is measured, as a file
page.py         docs/explanation/scale.md of that file: its tables and its chart
"""
