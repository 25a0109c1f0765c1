"""How a notebook is run here, by whatever runs one."""

import asyncio
import atexit
import signal
import threading

from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from traitlets.config import Config


def notebook_client(notebook, folder, kernel_name="python3", **options):
    """A client that takes whatever time the notebook takes; its kernel works in `folder`; `options` are nbclient's."""
    return Client(
        notebook,
        timeout=None,
        kernel_name=kernel_name,
        resources={"metadata": {"path": str(folder)}},
        # What the kernel would otherwise warn about, in the midst of the progress that is shown.
        config=Config(KernelManager={"transport_encryption": "auto"}),
        **options,
    )


class Client(NotebookClient):
    """nbclient's, but that an interrupt ends the kernel at once, and `execute` with KeyboardInterrupt.

    nbclient ends the kernel, too, and then takes it for one that has died by itself.
    """

    stopped_by = None  # a signal, which is for the process and so for all clients

    async def async_start_new_kernel(self, **kwargs):
        if threading.current_thread() is threading.main_thread():  # no other gets signals
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._stop, number, loop)
        await super().async_start_new_kernel(**kwargs)

    def _stop(self, number, loop):
        Client.stopped_by = number
        for task in asyncio.all_tasks(loop):
            task.cancel()

    def execute(self, *arguments, **options):
        Client.stopped_by = None
        try:
            return super().execute(*arguments, **options)
        finally:
            self.raise_if_stopped()

    async def _async_cleanup_kernel(self):
        if self.km is None:  # it has ended already
            return
        if self.stopped_by and self.km.has_kernel:
            await self.km.provisioner.kill()  # it would be asked to end, and its last words would be a traceback
        await super()._async_cleanup_kernel()

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    def raise_if_stopped(self):
        """Whatever else has come of being stopped, it is an interrupt."""
        if self.stopped_by:
            atexit.unregister(self._cleanup_kernel)
            self._cleanup_kernel()
        if self.stopped_by == signal.SIGINT:
            raise KeyboardInterrupt
        if self.stopped_by:
            raise SystemExit(128 + self.stopped_by)
