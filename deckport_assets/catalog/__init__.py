"""What is known: the catalog database, its import, its queries, its failure list and its services. No Dagster here."""
