-- A deal's history is read by the deal, in its order: the key is that order, and no index beside it.
ALTER TABLE stage_periods DROP CONSTRAINT stage_periods_pkey;
ALTER TABLE stage_periods ADD PRIMARY KEY (organization_id, deal_id, entered_at, id);
DROP INDEX stage_periods_by_deal;
