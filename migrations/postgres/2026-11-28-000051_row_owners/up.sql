-- Which organization has a row, for attempts at what is foreign: its log may have been cut. Tells nothing but that, and of
-- tables behind the fence alone.
CREATE FUNCTION organization_with_row(of_table text, row_id uuid) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    PERFORM 1 FROM pg_catalog.pg_class c WHERE c.relname = of_table AND c.relnamespace = 'public'::regnamespace AND c.relrowsecurity;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this is no table of an organization';
    END IF;
    EXECUTE format('SELECT t.id FROM public.tenants t WHERE EXISTS (SELECT 1 FROM public.%I r WHERE r.organization_id = t.id AND r.id = $1) LIMIT 1', of_table)
        INTO whose USING row_id;
    RETURN whose;
END $$;
REVOKE EXECUTE ON FUNCTION organization_with_row(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION organization_with_row(text, uuid) TO firma_app;
