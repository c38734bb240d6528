"""The laws: each looks at one request from every side, and says what is wrong with it.

docs/promises.md is where they come from. None of them asks peekd's own code anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from simulation import laws_answers as answers
from simulation import laws_beyond as beyond
from simulation import laws_conduct as conduct
from simulation import laws_journal as journal
from simulation import laws_proofs as proofs
from simulation import laws_rows as rows
from simulation import laws_told as told
from simulation.transcripts import Case

Law = Callable[[Case], Iterator[str]]

LAWS: Mapping[str, Law] = {
    law.__name__: law
    for law in (
        *(answers.one_start, answers.one_end, answers.frames_whole, answers.tool_json, answers.never_cut),
        *(
            answers.content_of_one_attempt,
            answers.no_false_end,
            answers.no_empty_200,
            answers.usage_told,
            answers.model_told,
            answers.verbatim,
        ),
        *(conduct.no_silence, conduct.over_in_time, conduct.peek_is_absolute, conduct.leaves_with_client),
        *(conduct.within_limits, conduct.own_fault_at_once, conduct.blame_is_earned, conduct.nobody_idles),
        conduct.one_tree,
        *(
            beyond.one_winner,
            beyond.no_hedge_after_limit,
            beyond.boundary_where_allowed,
            beyond.continuation_seam,
        ),
        *(
            proofs.no_signature_refusal,
            proofs.one_repair,
            proofs.proofs_to_their_family,
            proofs.no_shared_signatures,
            proofs.nothing_forgotten,
            proofs.refused_goes_no_more,
        ),
        *(rows.one_closed_row, rows.row_agrees, rows.sums_agree),
        *(told.true_status, told.errands_done, told.secrets_kept, told.kept_back, told.record_tells),
        journal.journal_agrees,
    )
}


def judge(case: Case) -> Iterator[tuple[str, str]]:
    """Try every law on a request; gives the names of those broken, and how."""
    for name, law in LAWS.items():
        for complaint in law(case):
            yield name, complaint
