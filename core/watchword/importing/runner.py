"""Writes the users of a source in batches, each in one transaction.

There is no state beside the database: a user is there with all of its accounts or not at all, and
whoever is there is passed over. A run that broke off is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

from watchword.configuration.configuration import Configuration
from watchword.database.contract import (
    BulkEngine,
    Condition,
    Engine,
    InvalidValue,
    Row,
    StorageError,
    StorageUnavailable,
)

from .imported import Read, Source
from .planning import Plan, Planner
from .report import Outcome, Report

BATCH = 5000


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run writes."""

    batch_size: int = BATCH
    update: bool = False
    keep_ids: bool = False
    dry_run: bool = False


class Runner:
    """One run. Raises `ImportFailure` for a configuration that no user fits in."""

    def __init__(
        self, config: Configuration, engine: Engine, options: RunOptions, report: Report
    ) -> None:
        self._planner = Planner(config, update=options.update, keep_ids=options.keep_ids)
        self._clock = config.options.clock
        self._engine = engine
        self._options = options
        self._report = report

    async def run(self, source: Source, progressed: Callable[[int], None]) -> None:
        """All of it; `progressed` hears of the size of every batch that is done."""
        users = source.users()
        while batch := list(islice(users, self._options.batch_size)):
            await self._done(batch)
            progressed(len(batch))
        self._report.leave_out(self._planner.own_fields.undeclared)

    async def _done(self, batch: Sequence[Read]) -> None:
        """A batch, or the halves of it when the database refuses something in it.

        Each half is planned anew: what was refused may have come from elsewhere meanwhile.
        """
        try:
            plan = await self._planner.plan(self._engine, batch, self._clock())
            if not self._options.dry_run:
                await self._stored(plan)
        except StorageUnavailable:
            raise
        except StorageError as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._done(batch[:middle])
                await self._done(batch[middle:])
                return
            why = str(error) if isinstance(error, InvalidValue) else type(error).__name__
            reason = f"the database refused it ({why})"
            self._report.add([Outcome("skipped", batch[0].place, reason)])
        else:
            self._report.add(plan.outcomes)
            self._report.passwords += plan.passwords

    async def _stored(self, plan: Plan) -> None:
        if not (plan.users or plan.accounts or plan.verified):
            return
        now = self._clock()
        async with self._engine.transaction() as engine:
            users = [row for row, _ in plan.users]
            accounts = list(plan.accounts)
            if users and "id" not in users[0]:
                for row, own in plan.users:
                    made = str((await engine.create("user", row))["id"])
                    accounts.extend(_owned(one, made) for one in own)
            else:
                await _create_all(engine, "user", users)
                accounts.extend(row for _, own in plan.users for row in own)
            await _create_all(engine, "account", accounts)
            for key in plan.verified:
                changes = {"emailVerified": True, "updatedAt": now}
                await engine.update("user", [Condition("id", key)], changes)


def _owned(account: Row, user_id: str) -> Row:
    """The account of a user whose id the database has made. A password is under that id."""
    own = account["accountId"] or user_id
    return {**account, "userId": user_id, "accountId": own}


async def _create_all(engine: Engine, model: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    if "id" in rows[0] and hasattr(engine, "create_many"):
        await cast("BulkEngine", engine).create_many(model, rows)
        return
    for row in rows:
        await engine.create(model, row)
