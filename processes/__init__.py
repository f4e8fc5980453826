"""The processes of one machine: what `run.py` starts and watches.

Outside `app` on purpose: the supervisor lives as long as the panel does and must not carry the panel's 100 MB.
"""
