"""The numbers that the sample is made to meet, in one place: clusters, units and the district's economy.

Belongs here: constants and the published anchors behind them. Not here: how they become rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

ENTERPRISE_ZONE = "310117501"


@dataclass(frozen=True)
class ClusterPlan:
    """A cluster from 2020-12 to 2021-12; pairs are (start, end). Output is the year's, in 亿元."""

    code: str
    host: str
    founded_on: date
    enterprises: tuple[int, int]
    key: tuple[int, int]  # among those of the opening, among those that join
    organisations: tuple[int, int]
    members: tuple[int, int]
    new_members: int
    projects: tuple[int, int]
    carriers: tuple[int, int]
    study_sessions: int
    output_yi: int
    above_scale_share: float
    industry: str
    place: str
    trades: tuple[str, ...]
    key_field: str = "none"
    key_field_share: float = 0.0
    named: tuple[str, ...] = ()  # enterprises that published figures name; the first is the lead enterprise
    attracted_partners: int | None = None


CLUSTERS = (
    ClusterPlan("C01", "310117107", date(2018, 6, 28), (52, 78), (14, 22), (24, 33), (180, 214),
                24, (40, 78), (4, 6),
                210, 90, 0.55, "other", "九亭", ("食品", "烘焙", "冷链", "调味品", "饮品")),
    ClusterPlan("C02", "310117U02", date(2018, 9, 20), (60, 84), (12, 6), (30, 36), (200, 254),
                18, (60, 118), (22, 29),
                240, 5, 0.0, "other", "科创", ("创客空间", "软件", "数字科技", "智能硬件", "工业设计"),
                "ai", 0.3),
    ClusterPlan("C03", "310117103", date(2018, 5, 16), (58, 74), (16, 5), (34, 39), (310, 352),
                22, (62, 115), (6, 8),
                260, 210, 0.6, "high_end_equipment", "佘山",
                ("智能装备", "机器人", "自动化", "精密机械", "控制系统"),
                "ai", 0.25),
    ClusterPlan("C04", "310117501", date(2018, 4, 12), (70, 112), (20, 8), (44, 54), (420, 486),
                30, (70, 132), (7, 10),
                330, 380, 0.6, "new_energy", "松江", ("智慧能源", "电气", "储能", "输配电", "光伏"),
                named=("正泰", "恒大新能源汽车"), attracted_partners=72),
    ClusterPlan("C05", "310117501", date(2018, 7, 3), (76, 96), (24, 8), (46, 54), (460, 548),
                40, (78, 150), (9, 12),
                350, 620, 0.6, "new_generation_it", "松江",
                ("半导体", "微电子", "封装测试", "电子材料", "芯片设计"),
                "integrated_circuits", 0.9, ("新阳半导体", "尼西半导体", "超硅半导体")),
    ClusterPlan("C06", "310117121", date(2019, 3, 22), (44, 54), (12, 3), (18, 21), (62, 79),
                10, (30, 62), (4, 5),
                110, 120, 0.6, "new_materials", "小昆山", ("新材料", "建材", "玻璃", "复合材料", "涂料"),
                named=("天臣集团", "丰丽集团", "北玻集团", "飞雕电器")),
    ClusterPlan("C07", "310117105", date(2018, 10, 18), (56, 70), (15, 4), (28, 32), (260, 301),
                20, (56, 104), (5, 7),
                230, 180, 0.6, "high_end_equipment", "新桥", ("现代装备", "流体控制", "阀门", "机床", "模具"),
                named=("新桥现代装备集团", "世格流体")),
    ClusterPlan("C08", "310117102", date(2019, 5, 9), (40, 48), (10, 3), (16, 19), (58, 77),
                12, (28, 58), (4, 6),
                110, 60, 0.45, "new_generation_it", "泗泾",
                ("智慧安防", "仪器仪表", "通信", "传感", "信息技术"),
                "ai", 0.35, ("创远仪器",)),
    ClusterPlan("C09", "310117U01", date(2018, 11, 27), (48, 66), (9, 4), (22, 27), (150, 192),
                33, (40, 77), (6, 9),
                220, 8, 0.04, "other", "大学城", ("文化创意", "教育科技", "新媒体", "设计", "科技服务"),
                "ai", 0.2),
    ClusterPlan("C10", "310117501", date(2019, 6, 14), (50, 64), (16, 5), (26, 31), (240, 279),
                20, (36, 68), (6, 8),
                200, 150, 0.55, "biology", "松江", ("生物医药", "医疗器械", "基因科技", "制药", "诊断试剂"),
                "biomedicine", 0.9, ("昊海生物",)),
)  # fmt: skip


@dataclass(frozen=True)
class UnitPlan:
    """A unit at 2020-12. Weights share out the district's above-scale firms and output (None: 不适用)."""

    code: str
    members: int
    organisations: int
    other_new_members: int  # in 2021, outside clusters
    other_key_enterprises: int
    enterprise_weight: float | None
    output_weight: float | None


UNITS = (
    UnitPlan("310117001", 5210, 188, 26, 6, 4, 2),
    UnitPlan("310117002", 4380, 161, 22, 7, 8, 3),
    UnitPlan("310117003", 5040, 174, 24, 5, 3, 2),
    UnitPlan("310117004", 4720, 169, 27, 9, 7, 3),
    UnitPlan("310117005", 3160, 118, 19, 4, 2, 1),
    UnitPlan("310117006", 2890, 104, 17, 5, 6, 3),
    UnitPlan("310117102", 3420, 131, 20, 8, 82, 50),
    UnitPlan("310117103", 3110, 127, 44, 10, 104, 76),
    UnitPlan("310117104", 3350, 139, 30, 16, 190, 110),
    UnitPlan("310117105", 3040, 122, 36, 11, 130, 88),
    UnitPlan("310117106", 2270, 96, 18, 13, 110, 64),
    UnitPlan("310117107", 3280, 134, 45, 9, 108, 66),
    UnitPlan("310117109", 2460, 102, 14, 6, 48, 14),
    UnitPlan("310117116", 1980, 83, 12, 5, 46, 13),
    UnitPlan("310117117", 1870, 79, 11, 5, 50, 15),
    UnitPlan("310117120", 2310, 97, 15, 7, 64, 22),
    UnitPlan("310117121", 1790, 75, 21, 8, 96, 72),
    UnitPlan("310117501", 2640, 142, 10, 36, 460, 440),
    UnitPlan("310117U01", 5380, 176, 50, 3, 8, 4),
    UnitPlan("310117U02", 386, 44, 22, 2, None, None),
)  # fmt: skip

# The units' sums stay a little below the bureau's, as scope and timing differ in life.
UNITS_SHARE_OF_ENTERPRISES = 0.995
UNITS_SHARE_OF_OUTPUT = 0.994


@dataclass(frozen=True)
class StockPlan:
    """A stock at the ends of 2014 to 2021."""

    code: str
    values: tuple[int, int, int, int, int, int, int, int]


@dataclass(frozen=True)
class FlowPlan:
    """A flow: totals of 2014 to 2021 in 1/`steps_per_unit` of `unit`, and the shares of a year's parts."""

    code: str
    unit: str
    steps_per_unit: int
    totals: tuple[int, int, int, int, int, int, int, int]
    season: tuple[float, ...]
    noise: float


STOCKS = (
    StockPlan("above_scale_enterprise_count", (1268, 1276, 1290, 1315, 1342, 1380, 1432, 1526)),
    StockPlan("high_tech_enterprise_count", (472, 560, 691, 853, 1064, 1368, 1755, 2306)),
    StockPlan("specialised_enterprise_count", (226, 258, 301, 352, 418, 497, 598, 735)),
    StockPlan("little_giant_count", (5, 6, 8, 10, 13, 17, 24, 39)),
    StockPlan("listed_company_count", (11, 12, 13, 15, 17, 19, 22, 25)),
)
_EVEN = (0.92, 0.78, 1.01, 0.99, 1.01, 1.04, 1.0, 1.02, 1.05, 1.01, 1.06, 1.11)
FLOWS = (
    FlowPlan("fiscal_revenue", "wan_yuan", 1,
             (1_076_000, 1_204_000, 1_362_000, 1_536_000, 1_722_000, 1_926_000, 2_160_000, 2_501_000),
             (1.35, 0.92, 0.88, 1.08, 1.12, 1.05, 1.1, 0.86, 0.84, 1.0, 0.9, 0.9), 0.004),
    FlowPlan("gdp", "yi_yuan", 100,
             (91_240, 99_370, 109_410, 121_300, 134_870, 149_800, 163_710, 178_230),
             (0.93, 0.99, 1.01, 1.07), 0.003),
    FlowPlan("above_scale_output_value", "yi_yuan", 100,
             (331_200, 337_400, 348_600, 366_900, 380_300, 389_700, 407_800, 435_500), _EVEN, 0.01),
    FlowPlan("strategic_output_value", "yi_yuan", 100,
             (142_400, 151_800, 167_300, 187_100, 205_400, 222_100, 248_800, 276_110), _EVEN, 0.01),
    FlowPlan("export_value", "yi_yuan", 100,
             (241_300, 238_900, 236_500, 251_700, 268_400, 272_100, 291_600, 326_400), _EVEN, 0.02),
)  # fmt: skip
FIRST_YEAR = 2014
RANKED = ("above_scale_output_value", "listed_company_count", "export_value")
RANK_IN_CITY = 2
RANK_IN_CITY_BEFORE_2017 = 3
