"""Codes as labels carry them, in; what the record may keep of them, out. Vectors: the regulation file, 7.2."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.devices.udi import Issuer, Udi, parse_udi

pytestmark = pytest.mark.pure

GS = "\x1d"
ADVICE = "(01)06901234567892(11)141231(17)150707(10)A213B1(21)1234"


def facts(udi: Udi) -> tuple:
    return udi.issuer, udi.di, udi.serial, udi.lot, udi.produced_on, udi.expires_on, udi.is_valid


@pytest.mark.parametrize(
    "text",
    [
        ADVICE,
        " （01）06901234567892 （11）141231（17）150707（10）A213B1（21）1234 ",
        f"0106901234567892111412311715070710A213B1{GS}211234",
        f"]d20106901234567892111412311715070710A213B1{GS}211234",
        f"]C1{GS}0106901234567892111412311715070710A213B1{GS}211234{GS}",
        "]Q30106901234567892111412311715070710A213B1␝211234",
        "]e00106901234567892111412311715070710A213B1<GS>211234",
        "https://id.example.org/01/06901234567892/10/A213B1/21/1234?11=141231&17=150707",
    ],
)
def test_every_way_to_write_one_gs1_code_reads_the_same(text: str):
    expected = (Issuer.gs1, "06901234567892", "1234", "A213B1", date(2014, 12, 31), date(2015, 7, 7), True)
    assert facts(parse_udi(text)) == expected
    assert parse_udi(text).raw == text


@pytest.mark.parametrize(
    ("typed", "gtin"),
    [
        ("06901234567892", "06901234567892"),
        ("6901234567892", "06901234567892"),
        ("09521234543213", "09521234543213"),
        ("614141999996", "00614141999996"),
        ("96385074", "00000096385074"),
    ],
)
def test_a_plain_gtin_is_padded_to_fourteen_digits(typed: str, gtin: str):
    assert parse_udi(typed) == Udi(typed, Issuer.gs1, di=gtin)


@pytest.mark.parametrize("text", ["06901234567893", "(01)06901234567893(21)7", "0106901234567893217", "]d20106901234567893217"])
def test_a_wrong_check_digit_is_named_and_leaves_no_device_identifier(text: str):
    udi = parse_udi(text)
    assert udi.di is None
    assert [(p.message, p.parameters) for p in udi.problems] == [("The check digit of %(gtin)s is wrong.", {"gtin": "06901234567893"})]


@pytest.mark.parametrize(("digits", "day"), [("240200", date(2024, 2, 29)), ("231100", date(2023, 11, 30)), ("231231", date(2023, 12, 31))])
def test_day_zero_means_the_last_day_of_the_month(digits: str, day: date):
    assert parse_udi(f"(01)06901234567892(17){digits}").expires_on == day


def test_a_two_digit_year_far_ahead_belongs_to_the_last_century():
    assert parse_udi("(01)06901234567892(11)990101").produced_on == date(1999, 1, 1)


def test_an_impossible_date_is_a_problem_and_the_rest_is_still_read():
    udi = parse_udi("0106901234567892172302302177")
    assert (udi.di, udi.serial, udi.expires_on, udi.is_valid) == ("06901234567892", "77", None, False)
    assert udi.problems[0].parameters == {"digits": "230230"}


def test_the_software_version_is_read():
    assert parse_udi("(01)06901234567892(8012)2.1.7").software_version == "2.1.7"


@pytest.mark.parametrize(
    "text",
    [
        "010690123456789210A213B117280707",  # lot, then an expiry date
        "]d2010690123456789221SN-0001711260131",  # serial, then a production date
        "010690123456789210A213B11728070721SN1",  # lot, expiry, serial
        "010690123456789210ABCDEFGHIJKLMNOPQRSTUV211234",  # longer than any lot may be
    ],
)
def test_a_scan_that_lost_its_separators_is_refused_rather_than_misread(text: str):
    udi = parse_udi(text)
    assert (udi.di, udi.lot, udi.serial, udi.is_valid) == ("06901234567892", None, None, False)
    assert udi.problems[0].message.startswith("The scanner dropped the separators")


@pytest.mark.parametrize("lot", ["2017010203", "20211118", "L20171123", "11", "X17"])
def test_a_lot_that_looks_like_a_year_is_still_a_lot(lot: str):
    assert parse_udi(f"010690123456789210{lot}").lot == lot


def test_the_production_part_alone_asks_for_the_other_barcode():
    udi = parse_udi(f"]C11728013110LOT7{GS}21SN9")
    assert (udi.issuer, udi.di, udi.lot, udi.serial, udi.expires_on) == (Issuer.gs1, None, "LOT7", "SN9", date(2028, 1, 31))
    assert "scan the other barcode" in udi.problems[0].message


def test_the_same_element_twice_with_different_values_is_a_problem():
    assert not parse_udi("(01)06901234567892(21)A(21)B").is_valid
    assert parse_udi("(01)06901234567892(21)A(21)A").is_valid


def test_an_element_that_does_not_exist_is_named():
    udi = parse_udi("(01)06901234567892(05)7")
    assert udi.problems[0].parameters == {"ai": "05", "value": "7"}


def test_the_full_ma_code_is_read():
    udi = parse_udi("MA.156.M0.100761.21234561.Sx00008.M220117.L20220117.D20220118.E220130.V220117.C3")
    expected = (Issuer.ma, "MA.156.M0.100761.21234561", "x00008", "20220117", date(2022, 1, 17), date(2022, 1, 30), True)
    assert facts(udi) == expected


@pytest.mark.parametrize("product", ["21234561", "2cscp023", "01004YA10017"])
def test_ma_product_codes_of_any_shape_are_kept(product: str):
    text = f"MA.156.M0.100761.{product}"
    assert parse_udi(text) == Udi(text, Issuer.ma, di=text)


def test_the_old_ma_letter_for_the_production_date_is_read_in_both_lengths():
    assert parse_udi("MA.156.M0.100761.21234561.P20220117").produced_on == date(2022, 1, 17)
    assert parse_udi("MA.156.M0.100761.21234561.P220117").produced_on == date(2022, 1, 17)


@pytest.mark.parametrize("text", ["MA.156.M0", "MA.156.M0.100761.", "MA.156.M0.100761.21234561.X9", "MA.156.M0.100761.21234561.M221301"])
def test_a_broken_ma_code_has_a_problem(text: str):
    udi = parse_udi(text)
    assert udi.issuer is Issuer.ma
    assert udi.problems


@pytest.mark.parametrize(
    "text", ["", "   ", "SN-2024-017", "20240101", "21ABC", "呼吸机 07", "https://example.org/device/7", "]d1abc", "BN123SN456"]
)
def test_anything_else_is_kept_as_text_and_marked_unknown(text: str):
    assert parse_udi(text) == Udi(text, Issuer.unknown)


CODE = st.text(alphabet=st.sampled_from("0123456789()ABMS./:?=&]d2CQ%" + GS + "٣（"), max_size=60)


@given(st.one_of(st.text(), CODE, CODE.map("MA.156.M0.".__add__), CODE.map("https://".__add__), CODE.map("0106901234567892".__add__)))
def test_no_text_whatever_raises(text: str):
    udi = parse_udi(text)
    assert udi.raw == text
    assert udi.di is None or udi.issuer is not Issuer.unknown
