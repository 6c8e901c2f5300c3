"""How far the service scales, on paper: a simulation of one node, held against load tests, and a plan of many.

cores.py  threads that share a machine's cores
node.py   the service on one node: threads, queue, turns
"""
