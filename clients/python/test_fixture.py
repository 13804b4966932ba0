"""The pytest fixture gives each test its own world."""

from kakaw import Kakaw, kakaw, kakaw_process  # noqa: F401

KEY = "0123456789abcdef0123456789abcdef"


def test_first(kakaw: Kakaw):
    assert kakaw.log_in(KEY, "ryan@example.com")["code"]
    assert kakaw.clock(advance=86_400)
    kakaw.fault({"status": 502})


def test_second_knows_nothing_of_the_first(kakaw: Kakaw):
    assert kakaw.requests() == [] and kakaw.faults() == []
