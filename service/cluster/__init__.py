"""The service on a cluster of machines, by Ray Serve: with the extra `cluster`, `serve run service.cluster:app`.

    client -> Ray's proxy on some node (proxy.py): keeps the request, and sends it again if its replica dies
           -> a replica on some node (application.py): what one machine runs, with the share of its node (share.py)

A replica without a free slot refuses, as one machine does. Ray adds and removes replicas.
"""

from service.cluster.application import app

__all__ = ["app"]
