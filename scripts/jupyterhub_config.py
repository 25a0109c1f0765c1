"""For the configuration of a JupyterHub that is there already; docs/classroom.md says more.

    load_subconfig("/srv/deep-learning/scripts/jupyterhub_config.py")

Who may log in, and how, stays as it is.  Each user gets copies of the notebooks in ~/deep-learning, and a Jupyter of the
hub's that opens there.  What they compile goes into a cache folder in their home.
"""

from pathlib import Path

c = get_config()  # noqa: F821

c.Spawner.cmd = [str(Path(__file__).resolve().parent / "hub"), "--serve"]
c.Spawner.notebook_dir = "~/deep-learning"
c.Spawner.default_url = "/lab/tree/00_setup.ipynb"
c.Spawner.start_timeout = 120  # seconds; when a class begins, all log in at once
