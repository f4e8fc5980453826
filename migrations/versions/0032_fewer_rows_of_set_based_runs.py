"""Fewer rows of set-based runs: items hold how their rows stood, few of them are indexed, the feed tells of many rows at once"""

import re

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('bulk_run_item', sa.Column('before', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('bulk_run_item', sa.Column('version', sa.Integer(), nullable=True))
    op.add_column('core_change', sa.Column('keys', sa.JSON(none_as_null=True), nullable=True))
    op.execute(
        'UPDATE bulk_run_item SET before = i.before, version = i.version FROM bulk_before_image AS i '
        'WHERE i.run_id = bulk_run_item.run_id AND i.seq = bulk_run_item.seq AND i.row_id = bulk_run_item.row_id '
        "AND i.run_id IN (SELECT id FROM bulk_run WHERE kind = 'operation')"
    )
    op.execute("DELETE FROM bulk_before_image WHERE run_id IN (SELECT id FROM bulk_run WHERE kind = 'operation')")
    op.drop_index('ix_bulk_run_item_outcome', table_name='bulk_run_item')
    left = sa.text("outcome IN ('refused', 'skipped')")
    op.create_index(
        'ix_bulk_run_item_left', 'bulk_run_item', ['run_id', 'seq'], unique=False, sqlite_where=left, postgresql_where=left
    )
    op.create_index('ix_bulk_run_item_row', 'bulk_run_item', ['row_id', 'run_id'], unique=False)


def downgrade() -> None:
    connection = op.get_bind()
    op.drop_index('ix_bulk_run_item_row', table_name='bulk_run_item')
    op.drop_index('ix_bulk_run_item_left', table_name='bulk_run_item')
    op.create_index('ix_bulk_run_item_outcome', 'bulk_run_item', ['run_id', 'outcome', 'seq'], unique=False)
    changed = (
        'INSERT INTO bulk_before_image (run_id, seq, "table", row_id, before, version) '
        'SELECT i.run_id, i.seq, CAST(:name AS varchar(80)), i.row_id, i.before, i.version FROM bulk_run_item AS i JOIN bulk_run AS r ON r.id = i.run_id '
        "WHERE r.kind = 'operation' AND r.resource = :resource AND i.outcome = 'changed' ORDER BY i.run_id, i.seq"
    )
    found = "SELECT DISTINCT resource FROM bulk_run WHERE kind = 'operation' AND resource <> ''"
    known = set(sa.inspect(connection).get_table_names())
    for resource in connection.execute(sa.text(found)).scalars().all():
        if name := _table(resource, known):
            connection.execute(sa.text(changed), {'name': name, 'resource': resource})
    each = {
        'sqlite': 'part.value, c.kind, c.at FROM core_change AS c, json_each(c.keys) AS part',
        'postgresql': 'CAST(part.value AS integer), c.kind, c.at FROM core_change AS c, json_array_elements_text(c.keys) AS part(value)',
    }[connection.dialect.name]
    told = 'INSERT INTO core_change ("table", key, kind, at) SELECT c."table", ' + each
    op.execute(told + ' WHERE c.keys IS NOT NULL ORDER BY c.id')
    op.execute('DELETE FROM core_change WHERE keys IS NOT NULL')
    op.drop_column('core_change', 'keys')
    op.drop_column('bulk_run_item', 'version')
    op.drop_column('bulk_run_item', 'before')


def _table(resource: str, known: set[str]) -> str | None:
    """`catalog.ProductImage` is catalog_product_image, `live.LiveItem` live_item, `logistics.TraceEvent` logistics_trace."""
    domain, _, name = resource.partition('.')
    words = re.findall('[A-Z][a-z0-9]*', name)
    told = ('_'.join([domain, *part]).lower() for part in (words, words[1:], words[:1]))
    return next((one for one in told if one in known), None)
