DROP TABLE import_refusals;
DROP TABLE import_rows;
DROP TABLE imports;
