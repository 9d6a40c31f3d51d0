"""Everything outside: one system per file, each behind a small protocol with verbs of the domain."""
