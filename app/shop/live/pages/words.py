"""What the scripts of the consoles say: translated here, for a script knows no catalogue."""

from __future__ import annotations

from flask_babel import gettext as _

from app.shop.live import rules


def texts() -> dict[str, str]:
    """`{name}` in a text is filled in by the script."""
    ways = {f"source_{name}": str(word) for name, word in rules.SOURCES.items()}
    return _talk() | _desk() | _state() | _offers() | _games() | ways


def _state() -> dict[str, str]:
    return {
        "fresh": _("up to date"), "old": _("{n} s old"),
        "lost": _("Connection lost for {n} s. This is how it stood {age} ago; it is tried again."),
        "ended": _("You are logged out. Log in again to go on."), "back": _("Connected again, nothing is missing."),
        "anew": _("More happened than can be told again: all of this was read anew. "
                  "Comments from in between are kept, not shown here."),
        "noFeed": _("no feed"), "feedAge": _("feed {n} s old"), "feedStill": _("no news from the feed for {n}"),
        "checking": _("Sent, no answer yet. It is checked …"),
        "unknown": _("No answer for 10 s. It is not known whether this was done; look at the log when the connection is back."),
        "undone": _("Taken back."), "undo": _("Take back"), "left": _("{n} left"), "over": _("{n} over"),
        "toStart": _("begins in {n}"), "onAir": _("on air for {n}"), "toEnd": _("{n} to the planned end"),
        "late": _("{n} past the planned end"),
        "minutes": _("{n} min"), "seconds": _("{n} s"),
    }  # fmt: skip


def _desk() -> dict[str, str]:
    return {
        "pin": _("Put on screen"), "onScreen": _("On screen now"), "list": _("List it"), "delist": _("Delist"),
        "suspend": _("Suspend"),
        "resume": _("Put back"), "next": _("Next item"), "nothing": _("Nothing is on screen."),
        "last": _("That was the last item."),
        "stock": _("{n} in stock"), "soldOut": _("Sold out"),
        "aside": _("{n} set aside"), "pins": _("shown {n}×"), "demo": _("Demonstration"),
        "keep": _("Keep it up"), "kept": _("brought up every {n} s"), "notice": _("Notice"), "noNotice": _("No notice is up."),
        "takeDown": _("Take down"),
        "viewers": _("Viewers"), "newcomers": _("New viewers"), "likes": _("Likes a minute"), "comments": _("Comments a minute"),
        "shares": _("Shares a minute"), "follows": _("New fans a minute"), "clicks": _("Clicks"), "carts": _("Into carts"),
        "orders": _("Orders"), "gmv": _("Sales"), "ofGoal": _("{n} % of the goal"), "missed": _("{n} comments went by unseen"),
        "paused": _("Paused, {n} new"), "notTold": _("not told"),
        "toSources": _("Where viewers came from"),
        "noFigures": _("No feed is connected: figures and comments appear here when one is."),
    }  # fmt: skip


def _games() -> dict[str, str]:
    """A preset is prompt|choices|answer|keyword|prize, the choices with semicolons between."""
    return {
        "gameOpen": _("Open it now"), "gameClose": _("Close it now"), "gameDraw": _("Draw the winners"),
        "gameOff": _("Call it off"),
        "gameTaken": _("{n} take part"), "gameIn": _("{n} in the draw"), "gameAfter": _("opens {n} after the session begins"),
        "gameOpensIn": _("opens in {n}"), "gameCounting": _("counting …"), "gameAnswer": _("Right answer: {n} (only you see it)"),
        "gameNobody": _("Nobody took part."), "gameProof": _("Evidence"), "gameHash": _("SHA-256 of the seed:"),
        "gameSeed": _("Seed:"), "gameRows": _("Who voted"), "gameCheck": _("Who took part, and draw again"),
        "gameClaimed": _("Claimed"), "gameSent": _("Prize sent"), "hide": _("Hide it"), "mute": _("Mute"), "block": _("Block"),
        "unmute": _("Let speak again"), "everywhere": _("every session"),
        "preset_poll": _("If it suits you, type 1; if not, type 2|1 suits me;2 does not||"),
        "preset_lottery": _("Type “want it” and be in the draw|||want it|A coupon"),
        "preset_bag": _("Lucky bag: leave a comment and be in the draw||||A small present"),
        "preset_quiz": _("|A;B;C|||A small present"),
    }  # fmt: skip


def _talk() -> dict[str, str]:
    return {
        "toHost": _("To the host"), "toService": _("To the service"), "answer": _("Answered"), "askHost": _("Ask the host"),
        "askProduct": _("Ask the product team"), "giveBack": _("Back to the service"),
        "inWriting": _("Please answer it in writing."), "again": _("Open again"),
        "noQuestions": _("No open questions."), "noMessages": _("Nobody has said anything yet."), "seen": _("Seen it"),
        "ready": _("Lay ready: %(what)s", what="{what}"), "upNext": _("Up next"),
        "suggested": _("Suggested"), "noSuggestion": _("Nothing in the questions and answers of this session fits."),
        "orders": _("Orders of this viewer"), "noOrders": _("No orders of this viewer are known."),
        "notSure": _("Found by the name on the platform; it may be somebody else."), "done": _("Done"), "use": _("Use it"),
        "copied": _("Copied"), "copy": _("Copy"), "unnamed": _("A viewer"), "waits": _("waits for: {who}"),
        "free": _("No questions for you."),
        "follow": _("Followed"), "aside_": _("Set it aside"), "playbook": _("What helped before ({n})"),
        "outcomeLater": _("What came of it is shown after five minutes."),
        "question": _("Make it a question"),
        "byItself": _("Answered by itself:"), "slow_down": _("Slow down"), "speed_up": _("Speed up"),
    }  # fmt: skip


def _offers() -> dict[str, str]:
    return {
        "offerNew": _("New offer"),
        "offerPrice": _("Another price"),
        "offerGo": _("Start it"),
        "offerGoPrice": _("Change the price"),
        "offerStop": _("Stop it"),
        "offerGive": _("Give a code"),
        "offerRefund": _("Give the money back"),
        "offerPaid": _("Refunded"),
        "offerOver": _("over"),
        "offerGone": _("all gone"),
        "offerStopped": _("stopped"),
        "offerAll": _("All goods"),
        "offerCoupons": _("{left} left · {claimed} given out · {used} used"),
        "offerPieces": _("{left} of {all} pieces left · {orders} orders"),
        "offerOrders": _("{left} of {all} orders left · {pieces} pieces"),
        "offerHowMany": _("How many coupons"),
        "offerHowManyPieces": _("How many pieces"),
        "offerHowManyOrders": _("For how many orders"),
        "offerHowManyWinners": _("How many winners"),
        "offerOff": _("{n} off"),
        "offerLeast": _(" from {n}"),
        "offerFor": _("for {n} minutes"),
        "offerToEnd": _("until the session ends"),
        "offerEach": _(" At most {n} a customer."),
        "offerMissing": _("Fill in what is missing; then it says here what will happen."),
        "offerList": _("This item is not listed. List it first."),
        "offerStock": _("Only {n} are in stock."),
        "offerNone": _("None of it is in stock."),
    } | _consequences()


def _consequences() -> dict[str, str]:
    """What will happen, in one sentence, before it does."""
    return {
        "offerPriceTold": _(
            "“{item}” costs {price} instead of {was} from now on, on all three screens and "
            "for every later order of this session."
        ),
        "offerCouponTold": _(
            "{n} coupons: {worth}{least}, for: {goods}, {time}, in this session only.{each} "
            "Can be taken back while none is used."
        ),
        "offerFlashTold": _(
            "{n} pieces of “{item}” for {price} instead of {was}, {time}.{each} It stops by "
            "itself, and only orders of this session count."
        ),
        "offerFirstTold": _(
            "The first {n} orders of “{item}” pay {price} instead of {was}, {time}; the next "
            "one pays the full price.{each}"
        ),
        "offerFreeTold": _(
            "Of the paid orders of the first {minutes} minutes of this session {n} will be "
            "drawn and refunded in full. The seed is sealed now."
        ),
        "offerRefundTold": _("{name} gets all of the money back and keeps the goods. This cannot be taken back."),
    }
