"""The names the company is made of, and how one is drawn. The same random numbers give the same names."""

from random import Random

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹喻柏水窦章云苏潘葛范彭郎鲁韦昌马苗方俞任袁柳"
GIVEN = (
    "嘉宁", "思源", "雨桐", "文博", "晓岚", "志远", "若溪", "启明", "静怡", "承泽", "丽娟", "建业",
    "云舒", "海峰", "雅琴", "国栋", "梦洁", "立新", "书瑶", "永昌", "佳音", "振宇", "秋月", "德江",
    "晨曦", "少华", "玉兰", "亦凡", "红梅", "长青", "知夏", "卫东", "清秋", "松年", "春燕", "景行",
)  # fmt: skip

# Region code: name, invented province, two invented towns, two districts.
PLACES: dict[str, tuple[str, str, tuple[str, str], tuple[str, str]]] = {
    "HD": ("华东区", "东澜省", ("澜川市", "青汐市"), ("云桥区", "望潮区")),
    "HN": ("华南区", "南棠省", ("棠湾市", "榕浦市"), ("荔香区", "碧屿区")),
    "HB": ("华北区", "北朔省", ("朔原市", "燕岭市"), ("长垣门区", "松台区")),
    "HZ": ("华中区", "中泽省", ("楚沅市", "云泽市"), ("澄湖区", "梅渡区")),
    "XN": ("西南区", "西岷省", ("岚峡市", "竹岷市"), ("雾溪区", "茶山坪区")),
    "XB": ("西北区", "西砾省", ("砾河市", "天朔市"), ("胡杨区", "雪关区")),
}
STREETS = ("惠民路", "健康路", "文汇街", "长宁大道", "杏林路", "春晖街", "学府路", "河畔路")


def name(rng: Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(GIVEN)


def phone(rng: Random) -> str:
    """A mobile number of the range 160, which is given to nobody."""
    return f"160{rng.randrange(10**8):08d}"
