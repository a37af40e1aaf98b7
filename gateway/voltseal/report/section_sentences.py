"""The sentences of a report, second part: what the sections say. Key to (English, Chinese)."""

from __future__ import annotations

from typing import Final

SECTION_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    # Who signed
    "keys.heading": ("Whose statements these are", "声明出自何人"),
    "keys.text": (
        "Every statement bears the signature of a key that the maker named here has endorsed as this device's own.",
        "每条声明都带有密钥签名，且该密钥已由下列制造商背书为本设备所有。",
    ),
    "keys.none": (
        "There is no statement in this evidence, only missing numbers.",
        "本证据中没有声明，只有缺失的编号。",
    ),
    "keys.key": ("Key", "密钥"),
    "keys.maker": ("Endorsed by", "背书方"),
    "keys.tier": ("Kept in", "保存于"),
    "keys.model": ("Hardware", "硬件"),
    "keys.from": ("Valid from", "生效时间"),
    "keys.statements": ("Statements", "声明数"),
    "tier.software": ("software: can be copied", "软件：可被复制"),
    "tier.protected": ("protected memory", "受保护的存储"),
    "tier.secure-element": ("a secure element", "安全芯片"),
    # Completeness
    "complete.heading": ("Is anything missing?", "是否有缺失？"),
    "complete.text": (
        "The device numbers its statements, so a missing one leaves a hole in the numbers.",
        "设备为其声明连续编号，缺失的声明会在编号中留下空缺。",
    ),
    "complete.none": ("No number is missing.", "没有编号缺失。"),
    "complete.timeline": (
        "Dark: statements are here. Orange: gap declared by the device. Red: gap that nobody explained.",
        "深色：有声明。橙色：设备已申报的缺口。红色：未获解释的缺口。",
    ),
    "complete.no-clock": (
        "{count} statements without a known time are not drawn.",
        "{count} 条没有已知时间的声明未画出。",
    ),
    "axis.time": ("time by the device's clock, UTC", "设备时钟时间（UTC）"),
    "axis.number": ("number of the statement (no clock)", "声明编号（无时钟）"),
    "gaps.numbers": ("Missing numbers", "缺失编号"),
    "gaps.reason": ("Why", "原因"),
    "gaps.after": ("After", "之前最后一条"),
    "gaps.before": ("Before", "之后第一条"),
    "gaps.count": ("Count", "数量"),
    "gap.power-cut": ("declared: power cut", "已申报：断电"),
    "gap.spool-full": ("declared: memory full", "已申报：存储已满"),
    "gap.spool-damaged": ("declared: memory damaged", "已申报：存储损坏"),
    "gap.unexplained": ("UNEXPLAINED", "未获解释"),
    "conflicts.text": (
        "These statements, both signed by the device's key, contradict each other:",
        "以下声明均由设备密钥签名，却互相矛盾：",
    ),
    "conflicts.about": ("In", "矛盾之处"),
    "conflicts.first": ("One statement", "一条声明"),
    "conflicts.second": ("The other", "另一条声明"),
    "conflicts.ref": ("number {number}, entry {index}, {digest}", "编号 {number}，条目 {index}，{digest}"),
    "conflict.sequence": ("one number used twice", "同一编号使用两次"),
    "conflict.prev": ("what came before", "所引用的前一条声明"),
    "conflict.boot-count": ("count of starts", "启动次数"),
    # Measured values
    "values.heading": ("What was measured", "测量内容"),
    "values.text": (
        "These values are exactly those that the device signed. Whether its sensors were right, no signature can tell.",
        "以下数值与设备签名时完全一致。传感器是否准确，签名无法证明。",
    ),
    "values.none": ("No values are disclosed.", "未公开任何数值。"),
    "values.hidden": (
        "Hidden in this evidence, but fixed when signed: {columns}",
        "在本证据中未公开，但签名时已固定：{columns}",
    ),
    "values.column": ("Column", "列"),
    "values.unit": ("Unit", "单位"),
    "values.readings": ("Readings", "读数"),
    "values.first": ("First", "首个"),
    "values.last": ("Last", "末个"),
    "values.least": ("Least", "最小"),
    "values.most": ("Most", "最大"),
    "values.plot": ("{name} in {unit}, {count} readings", "{name}，单位 {unit}，{count} 个读数"),
    "values.plot.plain": ("{name}, {count} readings", "{name}，{count} 个读数"),
    "values.decimated": (
        "Plots draw least and greatest values of {count} equal stretches, and only what changed; the table has all.",
        "图中将横轴分为 {count} 等份，画出每份的最小值和最大值，且仅画有变化的列；表格涵盖全部列与读数。",
    ),
    "values.unplotted": ("{count} more plots are left out.", "另有 {count} 幅图从略。"),
    # Where it is deposited
    "anchors.heading": ("Where it is deposited, and since when", "存证地点与时间"),
    "anchors.log": ("Log", "日志"),
    "anchors.log.text": (
        "{origin}, entries {first} to {last} of {size}",
        "{origin}，第 {first} 至 {last} 条，共 {size} 条",
    ),
    "anchors.newer": ("Looked at again later", "后续核对"),
    "anchors.newer.text": (
        "all of it was still there when the log had {size} entries",
        "日志增至 {size} 条时，上述内容仍全部在内",
    ),
    "anchors.log-key": ("Checkpoint signed by", "检查点签名者"),
    "anchors.root": ("Root of the log", "日志根哈希"),
    "anchors.witnesses": ("Cosigned by witnesses", "见证者联署"),
    "anchors.not-after": ("Not later than", "不晚于"),
    "anchors.not-after.text": ("{time}, on the word of {whom}", "{time}，依据 {whom} 之言"),
    "anchors.not-after.none": ("not bounded by anybody you trust", "没有您所信任的一方加以限定"),
    "anchors.clock": ("The device's own times", "设备自报时间"),
    "anchors.clock.text": (
        "{first} to {last}, within {uncertainty}, by {qualities}",
        "{first} 至 {last}，误差 {uncertainty} 以内，来源 {qualities}",
    ),
    "anchors.where": ("Deposited in", "存证于"),
    "anchors.strength": ("Strength", "强度"),
    "anchors.status": ("Checked?", "是否核验"),
    "anchors.time": ("Since", "自"),
    "anchors.none": ("It is not deposited anywhere but in the log.", "除日志外未在别处存证。"),
    "anchor.verified": ("checked", "已核验"),
    "anchor.not-checked": ("NOT CHECKED, does not count", "未核验，不作数"),
    "strength.weak": ("WEAK: one party's word", "弱：一方之言"),
    "backend.ledger": ("ledger of {key}", "{key} 的账本"),
    "quality.none": ("no clock ({count})", "无时钟（{count}）"),
    "quality.rtc": ("its own clock chip ({count})", "自带时钟芯片（{count}）"),
    "quality.ntp": ("network time ({count})", "网络时间（{count}）"),
    "quality.gnss": ("satellite time ({count})", "卫星时间（{count}）"),
    "quality.challenged": ("the gateway's challenge ({count})", "网关质询（{count}）"),
    # Firmware
    "firmware.heading": ("Which program ran on the device", "设备运行的程序"),
    "firmware.none": ("No statement in this evidence names it.", "本证据中没有声明提及。"),
    "firmware.name": ("Firmware", "固件"),
    "firmware.measurement": ("Measurement", "度量值"),
    "firmware.status": ("In your trust file", "信任文件中"),
    "firmware.boots": ("Starts", "启动次数"),
    "firmware.known": ("known", "已知"),
    "firmware.revoked": ("REVOKED", "已吊销"),
    "firmware.unknown": ("unknown", "未知"),
    # Limits
    "limits.heading": ("What this does not prove", "本证据不能证明的事项"),
    "not-proven.sensor-truth": (
        "that the sensors told the truth: a signature shows which key signed, no more",
        "传感器所述属实：签名只表明由哪个密钥签署",
    ),
    "not-proven.same-tree-for-all": (
        "that the log showed everyone the same content: no witness that you trust has cosigned",
        "日志向所有人展示的内容相同：没有您所信任的见证者联署",
    ),
    "not-proven.later-statements": (
        "what the device said before, between or after the numbers of this evidence",
        "设备在本证据编号之前、之间或之后所述的内容",
    ),
    "not-proven.other-events": (
        "that no revocation of the key was left out, or came later",
        "没有遗漏密钥的吊销，或之后没有吊销",
    ),
    "not-proven.second-statements": (
        "that no second statement with one of these numbers lies elsewhere in the log",
        "日志别处没有使用相同编号的另一条声明",
    ),
    "not-proven.hidden-columns": (
        "anything about values that are not shown, but that they were fixed at signing",
        "未公开数值的任何情况（仅知其在签名时已固定）",
    ),
    "not-proven.time": (
        "when it was said: nobody you trust bounds the time, so there is only the device's own clock",
        "声明的时间：没有您所信任的一方限定时间，只有设备自身的时钟",
    ),
    "not-proven.extractable-key": (
        "that only the device could sign: whoever holds the board can copy its key",
        "只有该设备才能签名：持有电路板者可以复制其密钥",
    ),
    # How to check it yourself
    "check.heading": ("Check it yourself", "自行核验"),
    "check.text": (
        "This report proves nothing by itself, and anybody can print one: the evidence file is the proof.",
        "本报告本身不能证明任何事情，任何人都可以打印一份：证据文件才是证明。",
    ),
    "check.how": (
        "Check that file with a program and a trust file of your own choice. Its fingerprint must be this one.",
        "请用您自己选择的程序和信任文件核验该文件。其指纹必须与本页一致。",
    ),
    "check.command": ("Command", "命令"),
    "check.qr": ("QR code says", "二维码内容"),
    "check.made": ("Made with", "生成工具"),
    "check.made.text": (
        "voltseal {version}. Bears no date: from the same file and trust file it is always the same.",
        "voltseal {version}。不含日期：同一文件与信任文件总是生成相同的报告。",
    ),
}
