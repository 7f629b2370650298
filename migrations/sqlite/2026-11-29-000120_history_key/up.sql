-- A deal's history is read by the deal, in its order: the key is that order, and no index beside it.
-- It and events are small, and only ever read by their key, so the rows lie in the key's own tree.
CREATE TABLE new_stage_periods (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    deal_id BLOB NOT NULL,
    stage_id BLOB,
    entered_at INTEGER NOT NULL,
    left_at INTEGER,
    changed_by BLOB,
    PRIMARY KEY (organization_id, deal_id, entered_at, id),
    FOREIGN KEY (organization_id, deal_id) REFERENCES deals (organization_id, id),
    FOREIGN KEY (organization_id, stage_id) REFERENCES stages (organization_id, id),
    CHECK (left_at >= entered_at)
) WITHOUT ROWID;
INSERT INTO new_stage_periods (organization_id, id, deal_id, stage_id, entered_at, left_at, changed_by)
    SELECT organization_id, id, deal_id, stage_id, entered_at, left_at, changed_by FROM stage_periods
    ORDER BY organization_id, deal_id, entered_at, id;
DROP TABLE stage_periods;
ALTER TABLE new_stage_periods RENAME TO stage_periods;
CREATE INDEX stage_periods_by_stage ON stage_periods (organization_id, stage_id);

CREATE TABLE new_events (
    organization_id BLOB NOT NULL,
    number BIGINT NOT NULL,
    type TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    entity_version INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    actor_id BLOB,
    PRIMARY KEY (organization_id, number)
) WITHOUT ROWID;
INSERT INTO new_events (organization_id, number, type, entity_type, entity_id, entity_version, occurred_at, actor_id)
    SELECT organization_id, number, type, entity_type, entity_id, entity_version, occurred_at, actor_id FROM events
    ORDER BY organization_id, number;
DROP TABLE events;
ALTER TABLE new_events RENAME TO events;
