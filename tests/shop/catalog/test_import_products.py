"""Products of Shopify and WooCommerce, by twins of their quirks."""

from app.shop.catalog.models import Category, Product, Sku
from app.shop.catalog.states import ProductState
from tests.shop.bringing import bring, counts, headings, reasons, sheet_of, take_back

SHOPIFY = headings(
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,"
    "Option3 Value,Variant SKU,Variant Grams,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Alt Text,"
    "SEO Title,Cost per item"
)
WOO = headings(
    "ID,Type,SKU,Name,Published,Short description,Description,Weight (kg),Sale price,Regular price,Categories,Tags,Images,Parent,"
    "Attribute 1 name,Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)"
)
IMAGE = "https://example.org/{}.jpg"


def shirt(**more):
    row = {
        "Handle": "blue-shirt", "Title": "Blue shirt", "Body (HTML)": "<p>Soft\r\ncotton</p>", "Vendor": "Acme", "Type": "Shirts",
        "Tags": "men, summer", "Published": "true", "Option1 Name": "Size", "Option1 Value": "S", "Variant SKU": "BS-S",
        "Variant Grams": "200", "Variant Price": "50", "Variant Compare At Price": "60.00", "Image Src": IMAGE.format(1),
        "Cost per item": "12.5",
    }  # fmt: skip
    return row | {name.replace("_", " "): value for name, value in more.items()}


def variant(size, **more):
    return {"Handle": "blue-shirt", "Option1 Value": size, "Variant Price": "55"} | {k.replace("_", " "): v for k, v in more.items()}


def shopify(*rows):
    return sheet_of(SHOPIFY, list(rows))


def product(session, handle) -> Product:
    session.expire_all()
    return session.query(Product).filter_by(handle=handle).one()


def test_a_product_of_several_rows_with_pictures_between_is_one_record(session):
    run = bring(shopify(shirt(), variant("M", Variant_SKU="BS-M"), variant("L"), {"Handle": "blue-shirt", "Image Src": IMAGE.format(2)}))
    assert run.importer == "shopify-products"
    assert (run.rows, run.new) == (4, 1)
    found = product(session, "blue-shirt")
    assert (found.title, found.brand.name, found.category.name, found.state) == (
        "Blue shirt", "Acme", "Shirts", ProductState.PUBLISHED,
    )  # fmt: skip
    assert [(sku.code, sku.option1, sku.price, sku.cost) for sku in found.skus] == [
        ("BS-S", "S", 5000, 1250), ("BS-M", "M", 5500, None), ("blue-shirt-l", "L", 5500, None),
    ]  # fmt: skip
    assert {tag.name for tag in found.tags} == {"men", "summer"}
    assert [image.source_url for image in found.images] == [IMAGE.format(1), IMAGE.format(2)]
    assert (found.price_from, found.price_to, found.sku_count) == (5000, 5500, 3)
    assert run.sums == {"CNY": {"price": 16000}}


def test_the_same_file_twice_changes_nothing_though_skus_are_missing_or_repeated(session):
    rows = shopify(
        shirt(), variant("M", Variant_SKU="BS-S"), variant("L"),
        {"Handle": "cup", "Title": "Cup", "Option1 Value": "Default Title", "Variant Price": "9.99", "Variant SKU": "BS-S"},
    )  # fmt: skip
    assert counts(bring(rows))["new"] == 2
    assert session.query(Sku).filter(Sku.code == "BS-S").count() == 1
    assert counts(bring(rows)) == {"new": 0, "changed": 0, "same": 2, "refused": 0}
    assert product(session, "cup").skus[0].option1 is None


def test_a_new_price_a_new_size_and_a_new_picture_change_the_product_and_the_undo_takes_them_back(session):
    bring(shopify(shirt()))
    second = bring(shopify(shirt(Variant_Price="45", Tags="men"), variant("M"), {"Handle": "blue-shirt", "Image Src": IMAGE.format(2)}))
    assert counts(second) == {"new": 0, "changed": 1, "same": 0, "refused": 0}
    found = product(session, "blue-shirt")
    assert [sku.price for sku in found.skus] == [4500, 5500]
    assert not reasons(take_back(second))
    found = product(session, "blue-shirt")
    assert [sku.price for sku in found.skus] == [5000]
    assert {tag.name for tag in found.tags} == {"men", "summer"}
    assert len(found.images) == 1
    assert (found.price_from, found.price_to, found.sku_count) == (5000, 5000, 1)


def test_taking_back_brings_the_main_picture_and_the_completeness_in_step_again(session):
    bring(shopify(shirt(Image_Src="")))
    bare = product(session, "blue-shirt").completeness
    second = bring(shopify(shirt(), {"Handle": "blue-shirt", "Image Src": IMAGE.format(2)}))
    third = bring(shopify(shirt(), {"Handle": "blue-shirt", "Image Src": IMAGE.format(3)}))
    assert product(session, "blue-shirt").completeness > bare
    assert list(reasons(take_back(second)).values()) == ["It was changed since."], "of the product, by the third file"
    found = product(session, "blue-shirt")
    assert [(image.source_url, image.is_main, image.position) for image in found.images] == [(IMAGE.format(3), True, 0)]
    assert counts(take_back(third))["refused"] == 1, "its picture has become the main one since"


def test_imports_are_taken_back_one_after_the_other_to_the_very_first(session):
    first = bring(shopify(shirt()))
    second = bring(shopify(shirt(Variant_Price="45"), variant("M")))
    third = bring(shopify(shirt(Variant_Price="40", Title="Blue shirt, soft"), variant("L")))
    for run in (third, second, first):
        assert not reasons(take_back(run))
    assert session.query(Product).filter_by(handle="blue-shirt").count() == 0


def test_a_product_whose_sku_was_ordered_or_booked_stays_when_its_import_is_taken_back(session):
    from app.panel.core.actor import SYSTEM
    from app.shop.inventory import services
    from app.shop.inventory.models import Warehouse

    session.add(Warehouse(code="W-1", name="Shanghai", is_default=True))
    session.commit()
    first = bring(shopify(shirt(), shirt(Handle="red-shirt", Title="Red shirt", Variant_SKU="RS-S")))
    sku = product(session, "blue-shirt").skus[0]
    services.receive([services.Line(sku.id, 3)], actor=SYSTEM)
    assert "Other rows need it by now." in reasons(take_back(first)).values()
    assert session.query(Product).filter(Product.handle.in_(["blue-shirt", "red-shirt"])).one().handle == "blue-shirt"


def test_a_state_that_was_changed_here_is_not_taken_back_by_an_old_file(session):
    from app.panel.core.actor import SYSTEM
    from app.shop.catalog import services

    bring(shopify(shirt()))
    services.withdraw(product(session, "blue-shirt"), actor=SYSTEM)
    bring(shopify(shirt()))
    assert product(session, "blue-shirt").state is ProductState.WITHDRAWN


def test_a_taken_back_import_removes_what_it_made_and_nothing_that_is_used(session):
    before = session.query(Category).count()
    first = bring(shopify(shirt()))
    bring(shopify(shirt(Handle="red-shirt", Title="Red shirt", Variant_SKU="RS-S")))
    back = take_back(first)
    assert session.query(Product).filter_by(handle="blue-shirt").count() == 0
    assert product(session, "red-shirt").category.name == "Shirts", "another product stands in it by now"
    assert session.query(Category).count() == before + 1
    assert counts(back)["refused"] == 4  # the category, the brand and two tags


def test_wrong_products_say_what_is_wrong(session):
    run = bring(shopify(
        shirt(), shirt(Handle="a", Title=""), shirt(Handle="b", Variant_Price="cheap"), shirt(Handle="c", Variant_Barcode="1.18E+11"),
        shirt(Handle="d", Title="x" * 201), shirt(Handle="e", Variant_Price="-1"),
    ))  # fmt: skip
    assert counts(run) == {"new": 1, "changed": 0, "same": 0, "refused": 5}
    said = " ".join(reasons(run).values())
    assert all(part in said for part in ("Title", "cheap", "damaged by a spreadsheet", "longer than 200", "below zero"))


def woo(*rows):
    return sheet_of(WOO, [{name.replace("_", " "): value for name, value in row.items()} for row in rows])


def test_woocommerce_variations_find_their_parent_wherever_it_stands(session):
    run = bring(woo(
        {"ID": "1", "Type": "variable", "SKU": "tee", "Name": "T-Shirt", "Published": "1", "Categories": "Clothing > Tshirts, Sale",
         "Attribute_1_name": "Color", "Attribute_1_value(s)": "Blue, Red", "Images": f"{IMAGE.format(1)}, {IMAGE.format(2)}"},
        {"ID": "2", "Type": "simple", "SKU": "belt", "Name": "Belt", "Published": "0", "Sale_price": "55", "Regular_price": "65",
         "Weight_(kg)": "0.2"},
        {"ID": "3", "Type": "variation", "SKU": "tee-blue", "Name": "T-Shirt - Blue", "Parent": "tee", "Regular_price": "25",
         "Attribute_1_value(s)": "Blue"},
        {"ID": "4", "Type": "variation", "Name": "T-Shirt - Red", "Parent": "id:1", "Regular_price": "25", "Attribute_1_value(s)": "Red"},
        {"ID": "5", "Type": "grouped", "SKU": "set", "Name": "Set", "Published": "1"},
        {"ID": "6", "Type": "external", "SKU": "gift", "Name": "Gift", "Published": "1", "Regular_price": "30"},
        {"ID": "7", "Type": "variation", "Name": "Orphan", "Parent": "gone", "Regular_price": "1"},
    ))  # fmt: skip
    assert run.importer == "woocommerce-products"
    assert (run.rows, counts(run)) == (7, {"new": 4, "changed": 0, "same": 0, "refused": 1})
    tee = product(session, "tee")
    assert [(sku.code, sku.option1, sku.price) for sku in tee.skus] == [("tee-blue", "Blue", 2500), ("tee-red", "Red", 2500)]
    assert (tee.category.full_name, [tag.name for tag in tee.tags], len(tee.images)) == ("Clothing / Tshirts", ["Sale"], 2)
    belt = product(session, "belt")
    assert (belt.skus[0].price, belt.skus[0].compare_at_price, belt.skus[0].weight_g) == (5500, 6500, 200)
    assert belt.state is ProductState.DRAFT
    assert not product(session, "set").skus


def test_a_column_that_the_file_lacks_leaves_its_field_alone_and_an_empty_cell_empties_it(session):
    bring(shopify(shirt(Variant_Barcode="4006381333931", SEO_Title="Soft")))
    short = headings("Handle,Title,Option1 Value,Variant SKU,Variant Price")
    run = bring([short, ["blue-shirt", "Blue shirt", "S", "BS-S", "48"]])
    assert counts(run)["changed"] == 1
    found = product(session, "blue-shirt")
    assert (found.description, found.brand.name, found.category.name, found.option1_name, found.seo_title) == (
        "<p>Soft\ncotton</p>", "Acme", "Shirts", "Size", "Soft",
    )  # fmt: skip
    assert {tag.name for tag in found.tags} == {"men", "summer"}
    [sku] = found.skus
    assert (sku.price, sku.compare_at_price, sku.weight_g, sku.barcode, sku.cost) == (4800, 6000, 200, "4006381333931", 1250)
    bring([[*short, "Vendor", "Type", "Body (HTML)"], ["blue-shirt", "Blue shirt", "S", "BS-S", "48", "", "", ""]])
    found = product(session, "blue-shirt")
    assert (found.description, found.brand, found.category) == (None, None, None)


def test_a_file_without_option_columns_finds_skus_by_their_code_and_mixes_up_none(session):
    bring(shopify(shirt(), variant("M", Variant_SKU="BS-M")))
    names = headings("Handle,Title,Variant SKU,Variant Price")
    bring([names, ["blue-shirt", "Blue shirt", "BS-M", "70"], ["blue-shirt", "", "BS-XL", "80"]])
    assert [(sku.code, sku.option1, sku.price) for sku in product(session, "blue-shirt").skus] == [
        ("BS-S", "S", 5000), ("BS-M", "M", 7000), ("BS-XL", None, 8000),
    ]  # fmt: skip
    bring([headings("Handle,Title,Option1 Value,Variant Price"), ["blue-shirt", "Blue shirt", "S", "51"]])
    assert product(session, "blue-shirt").skus[0].price == 5100


def test_a_tag_added_by_hand_survives_the_next_file(session):
    from app.panel.core.actor import SYSTEM
    from app.shop.catalog import services

    bring(shopify(shirt()))
    found = product(session, "blue-shirt")
    services.change_tags([found], add=services.tags_named(["bestseller"], actor=SYSTEM), actor=SYSTEM)
    assert counts(bring(shopify(shirt())))["same"] == 1
    bring(shopify(shirt(Tags="men, new")))
    assert {tag.name for tag in product(session, "blue-shirt").tags} == {"men", "summer", "bestseller", "new"}


def test_a_woocommerce_file_with_fewer_columns_keeps_the_rest(session):
    full = {"ID": "2", "Type": "simple", "SKU": "belt", "Name": "Belt", "Published": "1", "Description": "Leather",
            "Categories": "Clothing", "Sale_price": "55", "Regular_price": "65", "Weight_(kg)": "0.2"}  # fmt: skip
    bring(woo(full))
    found = product(session, "belt")
    found.attributes = {"material": "leather"}
    session.commit()
    bring([headings("ID,Type,SKU,Name,Regular price,External URL"), ["2", "external", "belt", "Belt", "60", "https://example.org/"]])
    found = product(session, "belt")
    assert (found.description, found.category.name, found.skus[0].weight_g, found.skus[0].price) == ("Leather", "Clothing", 200, 6000)
    assert found.attributes == {"material": "leather", "external_url": "https://example.org/"}


def test_a_picture_of_a_variant_is_a_link_of_its_sku_and_shown_with_its_host(session, as_user):
    names = [*headings("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price"), "Variant Image"]
    bring([names, ["cap", "Cap", "Colour", "Red", "C-R", "9", IMAGE.format("red")], ["cap", "", "", "Blue", "C-B", "9", "javascript:x"]])
    red, blue = product(session, "cap").skus
    assert (red.image_url, blue.image_url) == (IMAGE.format("red"), None)
    page = as_user("ben").get(f"/catalog/sku/show/{red.id}").text
    assert f'href="{IMAGE.format("red")}"' in page and ">example.org<" in page
