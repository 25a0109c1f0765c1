"""Say on which GPU Theano computes, and with which Python; or, where it cannot use the device that was asked for, why not.

For the CPU there is nothing to say. The device is started in a process of its own, as a driver may end it.
"""

import subprocess
import sys

START = """
import sys
try:
    import deeplearning_tutorial
    if deeplearning_tutorial.configured("device") not in ("", "cpu"):
        from deeplearning_tutorial.engine import device_in_use
        from deeplearning_tutorial.engine.libgpuarray import environment
        print(f"Theano computes on {device_in_use()}, with {environment()}.")
except (RuntimeError, ValueError) as error:
    print(error)
    sys.exit(1)
"""


def main():
    child = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True)
    if child.returncode == 0:
        print(child.stdout, end="")
    elif child.returncode > 0 and child.stdout:
        sys.exit(child.stdout.strip())
    else:
        sys.exit(f"Theano could not start its device (exit status {child.returncode}):\n{child.stderr.strip()}")


if __name__ == "__main__":
    main()
