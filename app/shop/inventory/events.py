"""What has just happened to the stock. Sent inside the transaction: a listener that fails undoes the verb."""

from __future__ import annotations

from blinker import Signal

stock_changed = Signal("Amounts changed. sender: StockLevel; level_ids: set[int]; actor")
stock_begun = Signal("SKUs have stock for the first time. sender: StockLevel; sku_ids: set[int]")
stock_ran_low = Signal("Stock fell to its warning line. sender: StockLevel; alert_ids: list[int]; actor")
stock_recovered = Signal("Stock rose above its warning line again. sender: StockLevel; level_ids: list[int]; actor")
count_posted = Signal("The differences of a count were booked. sender: the StockCount; actor")
receipt_posted = Signal("A purchase came in. sender: the PurchaseReceipt; actor")
