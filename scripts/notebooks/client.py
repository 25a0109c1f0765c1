"""How a notebook is run here, by whatever runs one."""

from nbclient import NotebookClient
from traitlets.config import Config


def notebook_client(notebook, folder, kernel_name="python3", **options):
    """A client that takes whatever time the notebook takes; its kernel works in `folder`; `options` are nbclient's."""
    return NotebookClient(
        notebook,
        timeout=None,
        kernel_name=kernel_name,
        resources={"metadata": {"path": str(folder)}},
        # What the kernel would otherwise warn about, in the midst of the progress that is shown.
        config=Config(KernelManager={"transport_encryption": "auto"}),
        **options,
    )
