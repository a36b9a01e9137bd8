"""What is warmed is what questions about behaviour run."""

from __future__ import annotations

from tenure.core.sequences import features, funnel, lifecycle, paths, retention, stickiness
from tenure.warehouse import warming


def test_every_kernel_of_behaviour_is_compiled() -> None:
    warming.kernels()
    kernels = (
        funnel._walk, retention._retention, features._features, lifecycle._lifecycle,
        stickiness._active_intervals, paths._paths,
    )  # fmt: skip
    assert all(kernel.signatures for kernel in kernels)
