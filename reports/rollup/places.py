"""Which of a unit's places counts on a day, as SQL: what `reports.tasks.place_held` says of one unit, for many at once.

Names of tables and of bound values go in, conditions come out; nothing that a person has typed is among them.
"""


def counts(place: str, end: str) -> str:
    """Return the condition that `place`, an alias of a row of places, counts in a period that ends on `end`."""
    return f"""({place}.opens IS NULL OR {place}.opens <= {end})
        AND ({place}.closes IS NULL OR {place}.closes >= {end} OR {place}.after_close = 'keep')"""


def none_later(end: str) -> str:
    """Return the condition that no later place of the unit of `place` counts: of two that do, a unit holds the later."""
    return f"""NOT EXISTS (
            SELECT 1 FROM campaigns_unitplace later
            WHERE later.campaign_id = place.campaign_id AND later.unit_id = place.unit_id
            AND later.opens IS NOT NULL AND (place.opens IS NULL OR later.opens > place.opens)
            AND {counts("later", end)}
        )"""  # noqa: S608
