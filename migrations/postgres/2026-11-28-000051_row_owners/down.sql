DROP FUNCTION organization_with_row(text, uuid);
