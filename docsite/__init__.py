"""Makes a site of the pages of docs/: `mkdocs.yml` loads `hooks`, the other modules write what the code knows."""
