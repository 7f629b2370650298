DROP TABLE internal_errors;
