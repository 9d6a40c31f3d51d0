"""How Alembic runs here: inside the connection that `Database.migrate` opened, in a version table of its own."""

from alembic import context

from deckport_assets.catalog.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, version_table="deckport_schema", render_as_batch=True
)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4266)")  # one migrates, the others wait
    context.run_migrations()
connection.commit()
