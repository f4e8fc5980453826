"""The triggers of the ledger look up what a statement has inserted by index, instead of reading all postings that there are"""

from alembic import op

revision = '0038'
down_revision = '0037'
branch_labels = None
depends_on = None

FUNCTIONS = ('finance_posting_sealed', 'finance_entry_balanced')
SETTINGS = ('enable_hashjoin', 'enable_mergejoin', 'enable_seqscan')


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for function in FUNCTIONS:
            for setting in SETTINGS:
                op.execute(f'ALTER FUNCTION {function}() SET {setting} = off')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for function in FUNCTIONS:
            op.execute(f'ALTER FUNCTION {function}() RESET ALL')
