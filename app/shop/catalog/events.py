"""What happens in the catalog, for the domains above. Sent inside the transaction."""

from blinker import Signal

product_published = Signal()  # sender: the Product; actor
product_withdrawn = Signal()  # sender: the Product; actor
product_phase_changed = Signal()  # sender: the Product; before, after: ProductPhase; actor
sku_price_changed = Signal()  # sender: the Sku; before, after: minor units; actor
categories_changed = Signal()  # sender: the Category that was moved, merged away or deleted; ids: products touched
