"""`watchword cleanup`: delete what has ended, in batches, beside a running server.

A row is found and then deleted with its end as a condition once more, so that a session that was
renewed in between stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, cast

from cyclopts import Parameter
from cyclopts.validators import Number

from watchword.configuration.options import RateLimitRule, seconds
from watchword.database.contract import Condition, Engine, Value
from watchword.pipeline.rate_counters import DAY
from watchword.runtime.blocking import finish

from .application import NO_APPLICATION, AnyAuth, Application, AsJson, Switch
from .screen import note, progress, say

GRACE = 300
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Sweep:
    """The rows of a model that are over: `field` is below `limit`."""

    model: str
    label: str
    field: str
    limit: Value

    def rows(self) -> tuple[str, list[Condition]]:
        """Model and condition, as an engine takes them."""
        return self.model, [Condition(self.field, self.limit, "lt")]


def cleanup(
    *,
    batch_size: Annotated[
        int, Parameter(validator=Number(gte=1, lte=5000), help="Rows per statement.")
    ] = _BATCH,
    grace: Annotated[
        int,
        Parameter(
            validator=Number(gte=0),
            help="Seconds that a row is kept beyond its end, against clocks that differ.",
        ),
    ] = GRACE,
    include_preserved: Annotated[
        Switch,
        Parameter(help="Delete ended sessions also where session.preserve_in_database keeps them."),
    ] = False,
    as_json: AsJson = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Delete expired sessions, verifications and codes, and rate limits that nobody needs any more.

    Safe while the server runs: rows that are alive are never touched.
    """
    with application.opened() as auth:
        if not include_preserved and auth.config.options.session.preserve_in_database:
            note("Ended sessions are kept for the record (--include-preserved deletes them).")
        engine = auth.blocking.runtime.engine
        counts: dict[str, int] = {}
        with progress() as bar:
            for sweep in sweeps(auth, grace, include_preserved=include_preserved):
                rows = None if bar.console.quiet else finish(engine.count(*sweep.rows()))
                task = bar.add_task(sweep.label, total=rows)
                counts[sweep.model] = 0
                for deleted in swept(engine, sweep, batch_size):
                    counts[sweep.model] += deleted
                    bar.update(task, advance=deleted)
        if as_json:
            say(json.dumps(counts))
            return 0
        for model, count in counts.items():
            say(f"{model}: {count} deleted")
        return 0


def sweeps(auth: AnyAuth, grace: int, *, include_preserved: bool) -> Iterator[Sweep]:
    """What there is to delete in the database of a configuration."""
    options = auth.config.options
    stored = auth.config.tables.schema.models
    now = options.clock()
    ended = now - timedelta(seconds=grace)
    if "session" in stored and (include_preserved or not options.session.preserve_in_database):
        yield Sweep("session", "Sessions", "expiresAt", ended)
    if "verification" in stored:
        yield Sweep("verification", "Verifications", "expiresAt", ended)
    if "deviceCode" in stored:
        yield Sweep("deviceCode", "Codes of devices", "expiresAt", ended)
    if "mailOutbox" in stored:
        yield Sweep("mailOutbox", "Mails that are over", "purgeAt", now)
    if "rateLimit" in stored:
        idle = _milliseconds(now) - max(_longest_window(auth), grace) * 1000
        yield Sweep("rateLimit", "Rate limits", "lastRequest", idle)


def swept(engine: Engine, sweep: Sweep, batch: int) -> Iterator[int]:
    """Delete in batches; how many rows each had."""
    model, over = sweep.rows()
    while rows := finish(engine.find_many(model, over, limit=batch)):
        ids = [cast("Value", row["id"]) for row in rows]
        yield finish(engine.delete(model, [Condition("id", ids, "in"), *over]))


def _longest_window(auth: AnyAuth) -> int:
    """Seconds that the longest rule looks back; a day at least, as the counters do themselves."""
    config = auth.config
    rules: list[object] = [
        rule.rule for one in config.plugins.values() for rule in one.rate_rules()
    ]
    rules += config.rate_limit.custom_rules.values()
    windows = [config.rate_limit.window]
    windows += [rule.window for rule in rules if isinstance(rule, RateLimitRule)]
    return max(DAY, *(seconds("rate limit window", window) for window in windows))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
