"""A small disk takes no byte while it is full, and goes away."""

import errno

import pytest

from tests.fixtures.fix_faults import MakeDisk


def test_full_and_free_again(small_disks: MakeDisk) -> None:
    disk = small_disks(mebibytes=2)
    target = disk.folder / "file"
    with disk.full() as ballast:
        assert 2**20 < ballast <= 2 * 2**20
        with pytest.raises(OSError, match="No space") as refused:
            target.write_bytes(bytes(4096))
        assert refused.value.errno == errno.ENOSPC
    target.write_bytes(bytes(2**20))
    assert target.stat().st_size == 2**20
