"""The commands segment, models and doctor of `fcn-serve`; `service/program.py` puts them beside `serve`."""
