CREATE INDEX stage_periods_by_deal ON stage_periods (organization_id, deal_id, entered_at, id);
ALTER TABLE stage_periods DROP CONSTRAINT stage_periods_pkey;
ALTER TABLE stage_periods ADD PRIMARY KEY (organization_id, id);
