"""The time of the trail without the lines of runs: on SQLite each of these is written into one index less, and all others into another"""

from alembic import op
from sqlalchemy import TextClause, text

revision = '0046'
down_revision = '0045'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        _make(text('run_id IS NULL'), text('run_id IS NOT NULL'))


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        _make(None, None)


def _make(of_none: TextClause | None, of_runs: TextClause | None) -> None:
    for name, column, where in (('ix_core_history_at', 'at', of_none), ('ix_core_history_run_id', 'run_id', of_runs)):
        op.drop_index(name, table_name='core_history')
        op.create_index(name, 'core_history', [column], sqlite_where=where)
