"""The sentences of a report, first part: verdict, points to note, failures, at a glance. Key to (English, Chinese).

A test compares the keys with those that are used, and the names in braces of both languages.
"""

from __future__ import annotations

from typing import Final

SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "title": ("Report on an evidence file", "证据文件报告"),
    "page": ("page {{page}} of {{pages}}", "第 {{page}} 页，共 {{pages}} 页"),
    "running.valid": ("{verdict} · evidence {digest}", "{verdict} · 证据 {digest}"),
    "running.invalid": ("INVALID · NOTHING HERE IS PROVED", "无效 · 此处没有任何内容得到证明"),
    "running.could-not-check": ("NOT CHECKED · NOTHING HERE IS PROVED", "未能核验 · 此处没有任何内容得到证明"),
    "none": ("none", "无"),
    "and-more": ("and {count} more", "另有 {count} 项"),
    # The verdict in large letters
    "banner.complete": ("VALID, NOTHING MISSING", "有效，无缺失"),
    "banner.complete.text": (
        "What this device signed is unchanged, and none of the statements of this period is missing.",
        "该设备签名的内容未被更改，本期间的声明没有缺失。",
    ),
    "banner.gap-declared": ("VALID, WITH DECLARED GAPS", "有效，但有已申报的缺口"),
    "banner.gap-declared.text": (
        "What this device signed is unchanged. Some statements are missing; the device declared all of them lost.",
        "该设备签名的内容未被更改。部分声明缺失，设备自身已逐一申报其丢失。",
    ),
    "banner.gap-unexplained": ("VALID, BUT INCOMPLETE", "有效，但不完整"),
    "banner.gap-unexplained.text": (
        "What is here is unchanged. But statements are missing, and nobody said why: ask before you rely on it.",
        "现有内容未被更改。但有声明缺失且无人说明原因：在采信之前，请先查明原因。",
    ),
    "banner.equivocation": ("VALID SIGNATURES, CONTRADICTORY STATEMENTS", "签名有效，但声明互相矛盾"),
    "banner.equivocation.text": (
        "Its statements contradict each other: the key was copied, or the device is broken. Do not rely on them yet.",
        "这些声明互相矛盾：密钥已被复制，或设备发生故障。在查明之前，请勿采信。",
    ),
    "banner.invalid": ("INVALID", "无效"),
    "banner.invalid.text": (
        "This file failed the check. It proves nothing, whatever values it contains; none of them are shown here.",
        "该文件未通过核验。无论其中有何数值，它都不能证明任何事情；本报告不显示这些数值。",
    ),
    "banner.could-not-check": ("NOT CHECKED", "未能核验"),
    "banner.could-not-check.text": (
        "The trust file does not name whose word this evidence rests on. Until then it proves nothing: no values here.",
        "信任文件没有列出本证据所依据的对象。在此之前，它不能证明任何事情；本报告不显示任何数值。",
    ),
    # Points to note, below the verdict
    "note.heading": ("Points to note", "注意事项"),
    "note.beside": (
        "The trust file lay beside the evidence: this verdict is worth no more than the word of who sent both.",
        "信任文件与证据放在同一处：本结论的可信程度不高于发送者的一面之词。",
    ),
    "note.unanchored": (
        "No anchor that you trust fixes the time: there is only the device's own clock.",
        "没有您所信任的锚定来确定时间：只有设备自身的时钟。",
    ),
    "note.weak": (
        "Every anchor that counts is WEAK: it rests on the word of one party, who may be the gateway's operator.",
        "所有有效的锚定均为【弱】：仅凭一方之言，而该方可能就是网关的运营者。",
    ),
    "note.clock": (
        "The device's clock is ahead: it names a time later than the one at which its statements were anchored.",
        "设备时钟超前：其声称的时间晚于声明被锚定的时间。",
    ),
    "note.revoked": (
        "Key {kid} was revoked from {time}. Reason: {reason}",
        "密钥 {kid} 自 {time} 起被吊销。原因：{reason}",
    ),
    "note.after-revocation": (
        "{count} statements that say they are older were logged after their key was revoked. Only it vouches for that.",
        "有 {count} 条声明在其密钥被吊销之后才入日志，却自称更早。仅有该密钥为此作证。",
    ),
    "note.firmware": (
        "The trust file warns of a firmware that ran on the device: {name}",
        "信任文件对该设备运行过的固件提出警告：{name}",
    ),
    # What failed
    "failure.heading": ("What was found", "核验发现"),
    "failure.step": ("Failed at", "失败步骤"),
    "failure.lacking": ("Stopped at", "中止步骤"),
    "failure.code": ("Code", "代码"),
    "failure.message": ("In the verifier's words", "核验程序的原文"),
    "failure.file": ("SHA-256 of the file", "文件的 SHA-256"),
    "failure.advice": (
        "Nothing speaks against the file so far. Get the missing key from its owner, not from who sent the evidence.",
        "目前没有发现对该文件不利的情况。请向密钥所有者（而非证据发送者）索取所缺的密钥。",
    ),
    "steps.heading": ("Steps of the check", "核验步骤"),
    "steps.number": ("Step", "步骤"),
    "steps.name": ("What is checked", "核验内容"),
    "steps.result": ("Result", "结果"),
    "steps.ok": ("nothing wrong found", "未发现问题"),
    "steps.failed": ("FAILED", "失败"),
    "steps.could-not-check": ("NOT CHECKED", "未能核验"),
    "steps.not-reached": ("not reached", "未进行"),
    "step.1": ("the file is one well-formed bundle", "文件是一个格式正确的证据包"),
    "step.2": ("the file is undamaged", "文件未损坏"),
    "step.3": ("the log signed the checkpoint", "检查点由日志签名"),
    "step.4": ("the log holds every entry", "每个条目都在日志中"),
    "step.5": ("the maker endorsed the device's keys", "制造商为设备密钥背书"),
    "step.6": ("the device signed every statement", "每条声明都由设备签名"),
    "step.7": ("the values shown are those signed", "所示数值即为签名时的数值"),
    "step.8": ("nothing is missing but what the claim says", "除已声明者外没有缺失"),
    "step.9": ("the checkpoint was deposited elsewhere", "检查点已在别处存证"),
    # At a glance
    "glance.heading": ("At a glance", "概览"),
    "glance.device": ("Device", "设备"),
    "glance.class": ("Kind", "类型"),
    "glance.maker": ("Endorsed by", "背书方"),
    "glance.period": ("Period, by the device's clock", "期间（按设备时钟）"),
    "glance.period.text": ("{first} to {last}", "{first} 至 {last}"),
    "glance.period.unknown": ("the device did not know the time", "设备不知道时间"),
    "glance.statements": ("Signed statements", "签名声明"),
    "glance.statements.text": ("{count}, numbered {numbers}", "{count} 条，编号 {numbers}"),
    "glance.values": ("Values", "数值"),
    "glance.values.text": (
        "of {total} measuring statements, {full} show all columns, {partial} some, {none} none",
        "{total} 条测量声明中，{full} 条公开全部列，{partial} 条公开部分列，{none} 条不公开",
    ),
    "glance.values.none": ("no measuring statements in this evidence", "本证据中没有测量声明"),
    "glance.digest": ("Fingerprint (SHA-256)", "指纹（SHA-256）"),
    "glance.qr": ("QR code of the fingerprint: {text}", "指纹二维码：{text}"),
    "class.bms": ("battery management system", "电池管理系统"),
    "class.tbox": ("vehicle telematics box", "车载远程信息终端"),
    "class.inverter": ("inverter", "逆变器"),
}
