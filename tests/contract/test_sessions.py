from chejian_contract.sparkplug.session import EdgeSession, HostSession


def test_seq_runs_from_the_birth_and_wraps_at_256() -> None:
    edge = EdgeSession()
    assert [edge.birth(), *(edge.next_seq() for _ in range(257))] == [*range(256), 0, 1]
    assert edge.birth() == 0, "tck-id-payloads-nbirth-seq"
    assert edge.next_seq() == 1


def test_bd_seq_rises_at_each_connect_and_not_at_a_rebirth() -> None:
    edge = EdgeSession(bd_seq=254)
    assert edge.next_connect() == 255
    edge.birth()
    edge.birth()
    assert edge.bd_seq == 255
    assert edge.next_connect() == 0
    assert EdgeSession().next_connect() == 0


def test_an_old_death_is_ignored() -> None:
    host = HostSession()
    host.birth(5)
    assert not host.death(4)
    assert host.online
    assert host.death(5)
    assert not host.online


def test_a_death_without_bd_seq_cannot_be_told_from_a_true_one() -> None:
    host = HostSession()
    host.birth(6)
    assert host.death(None)
