"""What the invented company and its customers are made of: names, places, products, sentences."""

from __future__ import annotations

import datetime
import random
from decimal import ROUND_HALF_UP, Decimal

#: The day for which the files are made, a Wednesday; the installation moves all days by whole weeks.
AS_OF = datetime.date(2026, 11, 18)
CENT = Decimal("0.01")

#: name, full name, department, manager, roles. Each person comes after his manager.
PEOPLE = [
    ("luchengyu", "陆承宇", "销售中心", "", "sales_manager"),
    ("xuzhixing", "许知行", "华东销售部", "luchengyu", "sales_manager"),
    ("linyue", "林越", "华东销售部", "xuzhixing", "sales"),
    ("suwanqing", "苏晚晴", "华东销售部", "xuzhixing", "sales"),
    ("liangsiyuan", "梁思远", "华南销售部", "luchengyu", "sales_manager"),
    ("hejiamin", "何嘉敏", "华南销售部", "liangsiyuan", "sales"),
    ("chenjinsong", "陈劲松", "华南销售部", "liangsiyuan", "sales"),
    ("zhaomingxuan", "赵明轩", "华北销售部", "luchengyu", "sales_manager"),
    ("sunruoxi", "孙若溪", "华北销售部", "zhaomingxuan", "sales"),
    ("maxiao", "马骁", "华北销售部", "zhaomingxuan", "sales"),
    ("guqingyi", "顾清漪", "市场部", "luchengyu", "marketing"),
    ("tangzimo", "唐子墨", "市场部", "guqingyi", "marketing"),
    ("luoxiaotong", "罗晓彤", "客户服务部", "", "service"),
    ("jiangbowen", "蒋博文", "客户服务部", "luoxiaotong", "service"),
    ("fangjingyi", "方静怡", "财务部", "", "finance"),
    ("yezhiqiu", "叶知秋", "信息部", "", "crm_admin"),
]
#: name, parent, head.
DEPARTMENTS = [
    ("砺川智造", "", ""),
    ("销售中心", "砺川智造", "luchengyu"),
    ("华东销售部", "销售中心", "xuzhixing"),
    ("华南销售部", "销售中心", "liangsiyuan"),
    ("华北销售部", "销售中心", "zhaomingxuan"),
    ("市场部", "砺川智造", "guqingyi"),
    ("客户服务部", "砺川智造", "luoxiaotong"),
    ("财务部", "砺川智造", "fangjingyi"),
    ("信息部", "砺川智造", "yezhiqiu"),
]
#: Sales regions: who sells there.
SELLERS = {"east": ["linyue", "suwanqing"], "south": ["hejiamin", "chenjinsong"], "north": ["sunruoxi", "maxiao"]}
MANAGERS = {"east": "xuzhixing", "south": "liangsiyuan", "north": "zhaomingxuan"}
#: Who sells in the regions without a department of their own.
COVERED = {"central": "south", "southwest": "south", "northwest": "north", "northeast": "north"}

#: Region: short place, full place of an address, area code.
PLACES = {
    "east": [
        ("上海", "上海市浦东新区", "021"), ("上海", "上海市嘉定区", "021"), ("苏州", "江苏省苏州市吴中区", "0512"),
        ("无锡", "江苏省无锡市新吴区", "0510"), ("杭州", "浙江省杭州市萧山区", "0571"), ("宁波", "浙江省宁波市鄞州区", "0574"),
        ("合肥", "安徽省合肥市蜀山区", "0551"), ("南京", "江苏省南京市江宁区", "025"), ("嘉兴", "浙江省嘉兴市南湖区", "0573"),
    ],
    "south": [
        ("深圳", "广东省深圳市宝安区", "0755"), ("东莞", "广东省东莞市", "0769"), ("广州", "广东省广州市黄埔区", "020"),
        ("佛山", "广东省佛山市顺德区", "0757"), ("厦门", "福建省厦门市集美区", "0592"), ("珠海", "广东省珠海市香洲区", "0756"),
    ],
    "north": [
        ("北京", "北京市大兴区", "010"), ("天津", "天津市西青区", "022"), ("青岛", "山东省青岛市黄岛区", "0532"),
        ("济南", "山东省济南市历城区", "0531"), ("保定", "河北省保定市竞秀区", "0312"), ("石家庄", "河北省石家庄市裕华区", "0311"),
    ],
    "central": [("武汉", "湖北省武汉市江夏区", "027"), ("长沙", "湖南省长沙市岳麓区", "0731"), ("郑州", "河南省郑州市中原区", "0371")],
    "southwest": [("成都", "四川省成都市双流区", "028"), ("重庆", "重庆市渝北区", "023")],
    "northwest": [("西安", "陕西省西安市长安区", "029")],
    "northeast": [("沈阳", "辽宁省沈阳市铁西区", "024")],
}  # fmt: skip
STREETS = ["砺新路", "云帆路", "创智路", "科苑支路", "望江路", "丰和路", "银杏路", "同晖路", "长岭路", "锦程大道", "星河路", "百川路"]

#: Made-up words of company names, with the pinyin for their web addresses.
STEMS = [
    ("云栖", "yunqi"), ("恒翼", "hengyi"), ("澜创", "lanchuang"), ("拓岳", "tuoyue"), ("锐霖", "ruilin"), ("启宸", "qichen"),
    ("瀚辰", "hanchen"), ("明溪", "mingxi"), ("远桥", "yuanqiao"), ("博砺", "boli"), ("佳穗", "jiasui"), ("晟启", "shengqi"),
    ("弘毅达", "hongyida"), ("纳川源", "nachuanyuan"), ("凌越", "lingyue"), ("星垣", "xingyuan"), ("禾木", "hemu"),
    ("景曜", "jingyao"), ("泽润", "zerun"), ("安澜", "anlan"), ("卓衡", "zhuoheng"), ("海曜", "haiyao"), ("峻森", "junsen"),
    ("融拓", "rongtuo"), ("沐远", "muyuan"), ("璟泰", "jingtai"), ("嘉禾盛", "jiahesheng"), ("驭风", "yufeng"),
    ("铭川", "mingchuan"), ("汇枢", "huishu"), ("北辰光", "beichenguang"), ("青屿", "qingyu"), ("承岳", "chengyue"),
    ("智枢", "zhishu"), ("乾元达", "qianyuanda"), ("松屿", "songyu"), ("雁翎", "yanling"), ("允恒", "yunheng"),
    ("曜石", "yaoshi"), ("合泽", "heze"), ("清禾", "qinghe"), ("宏璨", "hongcan"), ("盛骁", "shengxiao"), ("丰屹", "fengyi"),
    ("睿拓", "ruituo"), ("同舟源", "tongzhouyuan"), ("翔麓", "xianglu"), ("启岚", "qilan"), ("益衡", "yiheng"),
    ("东岑", "dongcen"), ("锦澄", "jincheng"), ("泰屿", "taiyu"), ("一苇", "yiwei"), ("昱辰", "yuchen"), ("朗坤源", "langkunyuan"),
    ("致远达", "zhiyuanda"), ("中屹", "zhongyi"), ("景行", "jingxing"), ("辰舟", "chenzhou"), ("川屿", "chuanyu"),
]  # fmt: skip
#: Industry: what such companies are called and do.
TRADES = {
    "automotive": [("汽车零部件", "汽车底盘与车身零部件的冲压、焊接与装配"), ("新能源汽车科技", "新能源汽车电驱与热管理系统")],
    "electronics": [("电子科技", "消费电子结构件与整机组装"), ("半导体材料", "半导体封装材料与精密清洗")],
    "manufacturing": [("精密机械", "数控机床主轴与精密传动件"), ("重工机械", "工程机械结构件与液压部件"), ("智能装备", "自动化产线的设计与集成")],
    "energy": [("新能源", "光伏组件与储能系统"), ("电力设备", "中压开关柜与配电变压器")],
    "pharma": [("生物医药", "生物制剂与冻干粉针剂"), ("医疗器械", "一次性医用耗材与监护设备")],
    "food": [("食品", "烘焙与速冻食品"), ("乳业", "低温乳品与植物饮料")],
    "logistics": [("供应链管理", "仓储、分拣与城市配送"), ("冷链物流", "医药与生鲜冷链运输")],
    "retail": [("商贸", "工业品分销与电商仓配")],
    "education": [("职业技术学院", "智能制造方向的职业教育与实训")],
}
#: What a trade is called in short names.
SHORT_TRADES = {
    "汽车零部件": "汽配", "新能源汽车科技": "电驱", "电子科技": "电子", "半导体材料": "半导体", "精密机械": "精机", "重工机械": "重工",
    "智能装备": "智装", "新能源": "新能源", "电力设备": "电气", "生物医药": "医药", "医疗器械": "医械", "食品": "食品", "乳业": "乳业",
    "供应链管理": "供应链", "冷链物流": "冷链", "商贸": "商贸", "职业技术学院": "学院",
}  # fmt: skip
SURNAMES = "沈顾陆苏韩程魏傅秦裴温岑邵柏纪宋江夏叶郑曹彭余戴钟姚谭汪范石贺龚万段雷侯龙史陶黎"
GIVEN = [
    "嘉禾", "予安", "景澄", "思齐", "若谷", "明远", "子衿", "书航", "雨桐", "浩然", "清和", "昭宁", "立群", "文博", "静姝", "铭泽",
    "晓峰", "语嫣", "建业", "国栋", "雅琴", "志强", "慧敏", "卫东", "佳怡", "海涛", "丽娟", "俊逸", "欣悦", "振华", "梦洁", "伟杰",
    "诗涵", "鹏程", "依诺", "宏伟", "秋实", "天佑", "凌云", "心怡", "永康", "红梅", "一鸣", "采薇", "正阳", "知夏", "承志", "婉清",
]  # fmt: skip
POSTS = [
    ("总经理办公室", "总经理", "decider"), ("生产部", "生产总监", "decider"), ("设备部", "设备经理", "evaluator"),
    ("工艺部", "工艺主管", "evaluator"), ("采购部", "采购经理", "buyer"), ("信息部", "信息化经理", "influencer"),
    ("财务部", "财务经理", "gatekeeper"), ("设备部", "自动化工程师", "user"), ("采购部", "采购专员", "buyer"),
    ("物流部", "仓储主管", "user"),
]  # fmt: skip
#: code, name, parent code.
CATEGORIES = [
    ("RB", "工业机器人", ""), ("AGV", "移动机器人", ""), ("VS", "机器视觉", ""), ("SW", "工业软件", ""), ("SV", "服务", ""),
    ("RB-ARM", "六轴机器人", "工业机器人"), ("RB-COB", "协作机器人", "工业机器人"),
]  # fmt: skip
#: code, name, model, category, kind, unit, list price, lowest price, cost, tax rate, status.
PRODUCTS = [
    ("LC-R6-10", "六轴机器人", "R6-10 负载 10kg", "六轴机器人", "hardware", "piece", 128000, 105000, 82000, 13, "on_sale"),
    ("LC-R6-20", "六轴机器人", "R6-20 负载 20kg", "六轴机器人", "hardware", "piece", 168000, 140000, 109000, 13, "on_sale"),
    ("LC-R6-80", "重载机器人", "R6-80 负载 80kg", "六轴机器人", "hardware", "piece", 298000, 250000, 201000, 13, "on_sale"),
    ("LC-C5", "协作机器人", "C5 负载 5kg", "协作机器人", "hardware", "piece", 89000, 75000, 56000, 13, "on_sale"),
    ("LC-C12", "协作机器人", "C12 负载 12kg", "协作机器人", "hardware", "piece", 126000, 106000, 80500, 13, "on_sale"),
    ("LC-WELD", "焊接工作站", "双工位", "工业机器人", "hardware", "set", 386000, 330000, 268000, 13, "on_sale"),
    ("LC-PAL", "码垛工作站", "标准型", "工业机器人", "hardware", "set", 458000, 395000, 322000, 13, "on_sale"),
    ("LC-GRIP", "电动夹爪", "G2", "工业机器人", "hardware", "item", 8600, 6900, 4100, 13, "on_sale"),
    ("LC-A300", "潜伏式移动机器人", "A300 载重 300kg", "移动机器人", "hardware", "piece", 98000, 82000, 63000, 13, "on_sale"),
    ("LC-A1000", "潜伏式移动机器人", "A1000 载重 1t", "移动机器人", "hardware", "piece", 156000, 132000, 101000, 13, "on_sale"),
    ("LC-FORK", "无人叉车", "F15 载重 1.5t", "移动机器人", "hardware", "piece", 268000, 228000, 176000, 13, "on_sale"),
    ("LC-CHG", "自动充电桩", "48V", "移动机器人", "hardware", "piece", 16800, 14000, 9200, 13, "on_sale"),
    ("LC-V2D", "视觉检测套件", "2D 标准", "机器视觉", "hardware", "set", 46800, 39000, 24500, 13, "on_sale"),
    ("LC-V3D", "3D 视觉引导", "结构光", "机器视觉", "hardware", "set", 98000, 83000, 54000, 13, "on_sale"),
    ("LC-LENS", "工业镜头", "25mm", "机器视觉", "hardware", "item", 2600, 2100, 1150, 13, "on_sale"),
    ("LC-MES", "砺川 MES", "单工厂授权", "工业软件", "software", "set", 320000, 256000, 60000, 13, "on_sale"),
    ("LC-WMS", "砺川 WMS", "单仓授权", "工业软件", "software", "set", 180000, 144000, 36000, 13, "on_sale"),
    ("LC-RCS", "移动机器人调度系统", "20 台", "工业软件", "software", "set", 120000, 96000, 18000, 13, "on_sale"),
    ("LC-SCADA", "数据采集平台", "100 点", "工业软件", "software", "set", 68000, 54000, 12000, 13, "on_sale"),
    ("LC-SUB", "软件订阅", "每用户每年", "工业软件", "software", "user", 1980, 1580, 200, 6, "on_sale"),
    ("LC-INS", "安装调试", "工程师", "服务", "service", "day", 2400, 2000, 1300, 6, "on_sale"),
    ("LC-TRN", "操作培训", "现场", "服务", "service", "day", 3200, 2600, 1400, 6, "on_sale"),
    ("LC-MNT", "年度维保", "标准", "服务", "service", "year", 36000, 30000, 17000, 6, "on_sale"),
    ("LC-R4-06", "四轴机器人", "R4-06 老型号", "工业机器人", "hardware", "piece", 62000, 50000, 43000, 13, "ended"),
    ("LC-H2", "轮足巡检机器人", "H2 预售", "移动机器人", "hardware", "piece", 238000, 205000, 166000, 13, "announced"),
]  # fmt: skip
#: What a customer wants, and with which products.
PROJECTS = [
    ("焊接产线改造", ["LC-WELD", "LC-R6-20", "LC-INS", "LC-TRN"], "现有人工焊接效率低、一致性差，计划改造两条焊接产线，要求节拍不高于 60 秒。"),
    ("仓储物流自动化", ["LC-A1000", "LC-RCS", "LC-WMS", "LC-CHG", "LC-INS"], "原料仓到产线的物料配送仍用人工叉车，希望实现无人配送并与 WMS 对接。"),
    ("视觉检测项目", ["LC-V2D", "LC-LENS", "LC-INS"], "外观检测依赖人工目检，漏检率约 3%，要求降到千分之五以下。"),
    ("协作机器人上下料", ["LC-C12", "LC-GRIP", "LC-V3D", "LC-INS"], "机加工车间 12 台机床的上下料，空间紧凑，需要人机协作。"),
    ("MES 一期", ["LC-MES", "LC-SCADA", "LC-TRN", "LC-INS"], "生产过程缺少实时数据，需要工单、报工、质量追溯三大功能，与 ERP 打通。"),
    ("码垛工作站", ["LC-PAL", "LC-MNT", "LC-INS"], "成品线末端码垛由四名工人两班倒完成，计划以机器人替代。"),
    ("立体仓改造", ["LC-FORK", "LC-WMS", "LC-RCS", "LC-INS"], "原有立体仓出入库效率不足，需要引入无人叉车并升级仓储系统。"),
    ("设备维保续约", ["LC-MNT", "LC-SUB"], "上一年度维保即将到期，客户希望打包软件订阅一并续签。"),
    ("柔性装配线", ["LC-R6-10", "LC-C5", "LC-V3D", "LC-GRIP", "LC-INS"], "多品种小批量装配，换型频繁，需要快速换型的柔性产线。"),
    ("数据采集平台", ["LC-SCADA", "LC-SUB", "LC-INS"], "车间设备品牌杂、协议多，先做设备联网与能耗采集。"),
]  # fmt: skip
RIVALS = ["凯恩机器人", "拓维自动化", "博锐智能", "海森装备", "迈科视觉", "联控软件"]
CAMPAIGNS = [
    ("华东智能工厂展", "exhibition", -210, 3, "苏州国际会展中心", 260000, "制造业生产与设备负责人"),
    ("协作机器人线上课堂", "webinar", -150, 1, "线上直播", 30000, "自动化工程师"),
    ("华南客户开放日", "seminar", -120, 1, "深圳展示中心", 90000, "存量客户与重点意向客户"),
    ("新能源行业邮件专题", "mailing", -80, 14, "", 12000, "新能源企业采购与工艺负责人"),
    ("华北制造业年会", "exhibition", -45, 2, "青岛会展中心", 180000, "华北区域制造企业高管"),
    ("搜索引擎投放 Q4", "advertising", -48, 90, "", 150000, "主动搜索自动化方案的企业"),
    ("移动机器人选型指南", "content", -20, 60, "", 25000, "物流与仓储负责人"),
    ("年末答谢与新品发布", "seminar", 16, 1, "上海总部", 120000, "A、B 级客户"),
]
CALLS = [
    ("电话回访", "确认对方已收到资料，技术部正在评估，约定下周给出反馈。", "跟进技术评估意见"),
    ("沟通报价细节", "对方关心付款比例和交期，可以接受三六一付款，希望交期压缩到 45 天。", "与生产确认交期"),
    ("需求初步沟通", "了解到今年有自动化预算，主要痛点是招工难和质量波动。", "约现场调研"),
    ("预约拜访", "约定到现场看产线，届时设备部和工艺部都会参加。", "准备现场调研清单"),
    ("催促合同盖章", "合同在客户法务处审核，预计本周内完成盖章。", "三天后再次确认"),
    ("节前问候", "简单问候并了解设备运行情况，客户反馈总体稳定。", ""),
]
VISITS = [
    ("现场调研", "查看了两条产线和物料流转，记录节拍与工件尺寸；客户希望两周内看到方案。", "输出初步方案"),
    ("方案汇报", "向生产总监汇报整体方案，认可技术路线，要求补充投资回报测算。", "补充 ROI 测算"),
    ("样件测试陪同", "样件在我方实验室测试，节拍 52 秒，满足要求，客户对焊缝质量满意。", "出具测试报告"),
    ("商务谈判", "价格差距约 5%，客户提出增加一年质保作为条件。", "申请质保政策"),
    ("设备验收", "现场完成 72 小时连续运行测试，三方签署验收单。", "安排尾款开票"),
]
MEETINGS = [
    ("技术交流会", "与客户信息部、设备部讨论接口与网络方案，明确由我方提供中间件。", "整理会议纪要"),
    ("项目启动会", "明确双方项目组成员、里程碑与周报机制。", "发布项目计划"),
    ("季度业务回顾", "回顾本季度交付与服务情况，客户提出二期扩产设想。", "准备二期方案"),
]
MAILS = [
    ("发送产品资料", "发送选型手册与同行业案例三份。", "三天后回访"),
    ("发送报价单", "发送正式报价单及技术协议初稿。", "确认收悉"),
    ("发送会议纪要", "会议纪要已发送双方参会人员。", ""),
]
TICKETS = [
    ("fault", "机器人二轴异响", "运行中二轴有周期性异响，低速时明显。", "现场检查发现减速机润滑脂不足，补脂并调整保养周期后异响消失。", "quality"),
    ("fault", "移动机器人定位丢失", "在货架区频繁定位丢失，每天约五次。", "部分反光板被遮挡，重新布置反光板并更新地图。", "installation"),
    ("fault", "夹爪夹持力不足", "抓取重工件时偶发滑落。", "更换磨损的指套并将夹持力参数调至 80%。", "operation"),
    ("question", "示教器备份方法咨询", "询问如何备份程序到 U 盘。", "提供操作手册第 6 章并远程演示。", "operation"),
    ("question", "软件账号如何增加", "新增三名班组长需要开通账号。", "指导管理员在用户管理中自助开通。", "operation"),
    ("complaint", "备件到货延迟", "订购的镜头晚到五天，影响产线复产。", "向客户致歉，改走空运，并调整该客户的安全库存。", "logistics"),
    ("fault", "视觉检测误判率升高", "换班后误判率由 0.3% 升到 2%。", "光源老化导致亮度下降，更换光源并重新标定。", "quality"),
    ("request", "希望增加报表导出", "希望 MES 的产量报表可以按班次导出。", "已纳入下一版本计划，先提供临时查询脚本。", "software"),
    ("fault", "WMS 接口超时", "高峰时段上架任务下发超时。", "优化数据库索引并将接口超时调整为 30 秒。", "software"),
    ("complaint", "现场工程师到场晚", "约定上午到场，实际下午才到。", "调整排班，并向客户说明与致歉。", "other"),
    ("request", "申请操作培训", "新员工较多，申请增加一次操作培训。", "已安排培训师下周到场培训两天。", "operation"),
]


def cents(value: Decimal) -> Decimal:
    """Rounded half up to the cent, as the product does."""
    return value.quantize(CENT, ROUND_HALF_UP)


def day(offset: int) -> datetime.date:
    """A day so many days after the one for which the files are made."""
    return AS_OF + datetime.timedelta(days=offset)


def workday(offset: int) -> datetime.date:
    """The same, moved back to Friday from a weekend."""
    found = day(offset)
    return found - datetime.timedelta(days=max(0, found.weekday() - 4))


class Dice(random.Random):
    """Chance with a seed, and what is drawn from it over and over."""

    def one(self, weighted: dict[str, int]) -> str:
        """A key by its weight."""
        return self.choices(list(weighted), list(weighted.values()))[0]

    def mobile(self) -> str:
        """A mobile number that looks like one and is easily seen to be made up: the middle is 0000."""
        return f"1{self.choice(['35', '36', '37', '38', '39', '58', '59', '86', '87'])}0000{self.randint(0, 9999):04d}"

    def credit_code(self) -> str:
        """Eighteen characters in the form of a registration code."""
        letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
        return "91" + f"{self.randint(110000, 659999)}" + "".join(self.choice(letters) for _ in range(10))

    def clock(self, when: datetime.date) -> datetime.datetime:
        """A moment of a working day, on the quarter."""
        return datetime.datetime.combine(
            when, datetime.time(self.choice([9, 9, 10, 10, 11, 13, 14, 14, 15, 16]), self.choice([0, 15, 30, 45]))
        )
