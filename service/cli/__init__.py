"""The commands of `fcn-serve` that people run: models, doctor. `service/program.py` puts them beside `serve`."""
