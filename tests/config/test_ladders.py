import pytest

from peekd.config.ladders import ladder_faults
from peekd.config.schema import Settings
from peekd.healing.policy import FIXED_ROWS, POLICY, REPEAT
from peekd.healing.settings import HealingOverrides, HealingSettings, RouteSettings, RuleSettings
from peekd.upstream.settings import UpstreamSettings


def faults_of(name: str, *ladder: str) -> list[str]:
    settings = Settings(healing=HealingSettings(policy={name: RuleSettings(ladder=ladder)}))
    return [fault.told() for fault in ladder_faults(settings)]


@pytest.mark.parametrize("name", sorted(set(POLICY) - FIXED_ROWS))
def test_the_policys_own_ladders_are_allowed(name: str) -> None:
    rule = POLICY[name]
    assert faults_of(name, *rule.ladder, *((REPEAT,) if rule.repeat else ())) == []


@pytest.mark.parametrize("name", sorted(FIXED_ROWS))
def test_a_row_without_a_choice_is_refused(name: str) -> None:
    assert faults_of(name) == [
        f'healing.policy.{name}: expected an outcome that leaves a choice, found "{name}", which leaves none'
    ]


@pytest.mark.parametrize("name", sorted(set(POLICY) - FIXED_ROWS - {"blank", "broken", "stalled"}))
def test_no_failure_can_be_made_to_pass_for_an_answer(name: str) -> None:
    assert len(faults_of(name, "relay")) == 1


@pytest.mark.parametrize("name", ["broken", "stalled"])
def test_what_the_client_has_seen_is_not_tried_again(name: str) -> None:
    assert faults_of(name) == []
    assert len(faults_of(name, "rotate")) == 1
    assert faults_of(name, "resume") == faults_of(name, "relay") == []  # as far as the route's options go


@pytest.mark.parametrize(
    ("ladder", "words"),
    [
        (("agian",), 'expected one of the moves here: again, rotate, found "agian"; nearest: again'),
        (("again", "…", "rotate"), 'expected "…" at the end of the ladder only'),
        (("...",), 'expected a move before "…", found nothing to repeat'),
        (("rotate", "again"), "expected again and refresh before all other moves"),
        (("wait",), 'expected one of the moves here: again, rotate, found "wait"'),
    ],
)
def test_a_faulty_ladder_is_told(ladder: tuple[str, ...], words: str) -> None:
    (told,) = faults_of("silent", *ladder)
    assert told.partition(": ")[2] == words


def test_three_dots_and_the_ellipsis_are_the_same() -> None:
    assert faults_of("silent", "again", "rotate", "...") == faults_of("silent", "again", "rotate", "…") == []


def test_rows_of_upstreams_and_routes_are_looked_at_too() -> None:
    wrong = HealingOverrides(policy={"silnt": RuleSettings()})
    settings = Settings(
        upstreams={"a": UpstreamSettings("gemini", "http://a", healing=wrong)},
        routes=(RouteSettings("*", ("a",), wrong),),
    )
    assert [fault.told() for fault in ladder_faults(settings)] == [
        f"{path}.healing.policy.silnt: expected the name of an outcome, found an unknown one; nearest: silent"
        for path in ("upstreams.a", "routes[0]")
    ]
