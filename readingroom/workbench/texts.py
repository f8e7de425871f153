"""Everything that the workbench says, in English and Chinese."""

from __future__ import annotations

from readingroom.report.phrases import Language

Text = dict[str, str]


def _t(en: str, zh: str) -> Text:
    return {"en": en, "zh": zh}


#: Texts of the pages; the page reads them as ``page_t.<key>``.
TEXTS: dict[str, Text] = {
    "research": _t(
        "For research; not a medical device. A physician decides.",
        "仅供研究，非医疗器械；由医生作出决定。",
    ),
    "work_list": _t("Work list", "工作列表"),
    "search": _t("Search patient, ID, description", "搜索患者、编号、描述"),
    "all": _t("All", "全部"),
    "unread": _t("Unread", "未判读"),
    "proposed": _t("Proposed", "机器结果"),
    "reviewed": _t("Reviewed", "已复核"),
    "signed": _t("Signed", "已签署"),
    "damaged": _t("Cannot be opened", "无法打开"),
    "patient": _t("Patient", "患者"),
    "patient_id": _t("ID", "编号"),
    "examined": _t("Examined", "检查时间"),
    "study": _t("Study", "检查"),
    "reader": _t("Reader", "判读器"),
    "result": _t("Result", "结果"),
    "state": _t("State", "状态"),
    "reviewer": _t("Reviewer", "复核医师"),
    "warnings": _t("Warnings", "警告"),
    "unknown": _t("Unknown", "未知"),
    "add_folder": _t("Add folder", "添加文件夹"),
    "add_files": _t("Add files", "添加文件"),
    "refresh": _t("Look again", "刷新"),
    "drop_study": _t(
        "Drop the folder, files or zip of a study here", "将检查的文件夹、文件或 zip 拖放到此处"
    ),
    "drop_masks": _t("Drop a mask file (.nrrd, .nii) here", "将掩膜文件（.nrrd、.nii）拖放到此处"),
    "list_empty": _t(
        "No study or reading in these folders yet. Add a folder, or drop one here.",
        "这些文件夹中还没有检查或判读。请添加文件夹，或拖放到此处。",
    ),
    "list_none_match": _t("Nothing matches the filter.", "没有符合筛选条件的条目。"),
    "open": _t("Open", "打开"),
    "run": _t("Run", "运行"),
    "read_study": _t("Read this study", "判读此检查"),
    "read_again": _t("Read again", "重新判读"),
    "read_again_help": _t(
        "Makes a new reading with these options; this one stays.",
        "按以下选项生成新的判读，当前判读保留不变。",
    ),
    "more": _t("More", "更多"),
    "less": _t("Less", "收起"),
    "not_given": _t("not given", "未提供"),
    "cancel": _t("Cancel", "取消"),
    "close": _t("Close", "关闭"),
    "uploading": _t("Taking the files in …", "正在接收文件……"),
    "opening": _t("Opening …", "正在打开……"),
    "findings": _t("Findings", "所见"),
    "no_findings": _t("No finding.", "无所见。"),
    "no_findings_filter": _t("No finding under this filter.", "此筛选下没有所见。"),
    "filter_all": _t("All", "全部"),
    "filter_open": _t("To check", "待复核"),
    "filter_counted": _t("Counted", "计入"),
    "filter_rejected": _t("Rejected", "已拒绝"),
    "accept": _t("Accept", "接受"),
    "reject": _t("Reject", "拒绝"),
    "restore": _t("Undecided", "恢复未定"),
    "remove": _t("Remove", "移除"),
    "change_class": _t("Class", "类别"),
    "class_of": _t("Class of the selected finding", "所选所见的类别"),
    "add_missed": _t("Add missed", "补标遗漏"),
    "add_missed_help": _t(
        "Click what was missed in a view; it is outlined by itself.",
        "在视图中点击遗漏处，将自动勾画。",
    ),
    "confidence": _t("Confidence", "置信度"),
    "confidence_short": _t("Conf.", "置信"),
    "total": _t("Total", "总计"),
    "doubtful": _t("The machine is unsure", "机器不确定"),
    "numbers": _t("Numbers", "数值"),
    "machine": _t("Machine", "机器"),
    "now": _t("Reviewed", "复核"),
    "not_in_total": _t("Not in the total", "不计入总分"),
    "categories": _t("Categories", "分级"),
    "no_categories": _t("No category applies.", "不适用任何分级。"),
    "all_measurements": _t("All measurements", "全部测量"),
    "measurement": _t("Measurement", "测量"),
    "source": _t("Source", "来源"),
    "method": _t("Method", "方法"),
    "finding_details": _t("Selected finding", "所选所见"),
    "evidence": _t("Evidence", "依据"),
    "probabilities": _t("Class probabilities of the selected finding", "所选所见的类别概率"),
    "no_probabilities": _t("Select a finding that the machine proposed.", "请选择机器提出的所见。"),
    "by_structure": _t("Score by structure", "各结构积分"),
    "follow_up": _t("Follow-up", "随访"),
    "no_follow_up": _t(
        "No earlier reading of this patient in the work list.", "工作列表中没有该患者更早的判读。"
    ),
    "prior": _t("Prior scan", "既往检查"),
    "prior_scan": _t("PRIOR", "既往"),
    "show_prior": _t("Side by side", "并排显示"),
    "opening_prior": _t("Opening the prior scan …", "正在打开既往检查……"),
    "no_prior": _t(
        "No earlier reading of this patient in the work list.", "工作列表中没有该患者更早的判读。"
    ),
    "then": _t("Then", "既往"),
    "today": _t("Now", "本次"),
    "days_before": _t("{days} days before", "{days} 天前"),
    "link_registered": _t("Linked by the registration of both scans", "按两次检查的配准联动"),
    "link_frame": _t("Linked: one frame of reference", "同一参考坐标系，直接联动"),
    "link_coordinates": _t(
        "Linked by patient coordinates only: not registered", "仅按患者坐标联动：未经配准"
    ),
    "prior_new": _t("New: expected here", "新发：此为对应位置"),
    "prior_unmatched": _t("Not matched with a finding then", "未与既往所见配对"),
    "history": _t("History", "历史"),
    "audit": _t("Audit trail", "审计记录"),
    "no_audit": _t("Nothing has been changed yet.", "尚无修改。"),
    "revisions": _t("Revisions", "版本"),
    "revision": _t("Revision", "版本"),
    "revision_now": _t("shown", "当前"),
    "first_revision": _t("The machine's first revision", "机器首版"),
    "show_revision": _t("Show", "查看"),
    "revert": _t("Back to the machine's reading", "恢复机器首版"),
    "revert_ask": _t(
        "All corrections are taken back. You can undo this.", "将撤回所有修正；此操作可以撤销。"
    ),
    "landmarks": _t("Landmarks", "标志点"),
    "no_landmarks": _t("No landmark.", "无标志点。"),
    "notes": _t("Notes", "提示"),
    "save": _t("Save", "保存"),
    "saved": _t("Saved", "已保存"),
    "unsaved": _t("Unsaved edits; kept in the journal", "有未保存的修改，已写入日志"),
    "autosave_failed": _t("Autosave fails: save now", "自动保存失败，请立即保存"),
    "undo": _t("Undo", "撤销"),
    "redo": _t("Redo", "重做"),
    "report": _t("Report", "报告"),
    "report_preview": _t("Report preview", "报告预览"),
    "report_making": _t("Making the report …", "正在生成报告……"),
    "export": _t("Export", "导出"),
    "export_formats": _t("Formats", "格式"),
    "export_run": _t("Write files", "写出文件"),
    "export_download": _t("Download zip", "下载 zip"),
    "export_done": _t(
        "Written to the folder report of the reading:", "已写入判读的 report 文件夹："
    ),
    "format_seg": _t("DICOM SEG (masks)", "DICOM SEG（掩膜）"),
    "format_sr": _t("DICOM SR (numbers)", "DICOM SR（数值）"),
    "format_pdf": _t("PDF report", "PDF 报告"),
    "format_csv": _t("Tables (CSV)", "表格 (CSV)"),
    "format_fhir": _t("FHIR bundle", "FHIR 数据包"),
    "format_stl": _t("Surfaces (STL)", "表面 (STL)"),
    "format_glb": _t("Surfaces in colour (GLB)", "彩色表面 (GLB)"),
    "format_nnunet": _t("Training pair (nnU-Net)", "训练数据对 (nnU-Net)"),
    "sign": _t("Sign", "签署"),
    "sign_title": _t("Sign the reading", "签署判读"),
    "sign_name": _t("Your name", "您的姓名"),
    "sign_open_findings": _t(
        "{count} findings have been neither accepted nor rejected; they count as they are.",
        "有 {count} 个所见既未接受也未拒绝，将按现状计入。",
    ),
    "sign_meaning": _t(
        "I have looked at the images and agree with the reading as shown.",
        "我已查看图像，并同意所示判读。",
    ),
    "reopen": _t("Reopen", "重新打开"),
    "signed_locked": _t("Signed: locked until it is reopened.", "已签署：重新打开之前不可修改。"),
    "name_title": _t("Who is reviewing?", "复核医师是？"),
    "name_help": _t(
        "The name goes into the audit trail and the report.", "姓名将写入审计记录和报告。"
    ),
    "ok": _t("OK", "确定"),
    "leave_title": _t("There are unsaved edits", "有未保存的修改"),
    "leave_text": _t(
        "Save them as a new revision, or keep them as a draft for next time?",
        "保存为新版本，还是作为草稿保留到下次？",
    ),
    "keep_draft": _t("Keep as draft", "保留草稿"),
    "discard": _t("Discard", "放弃"),
    "conflict_title": _t("Someone else has saved this reading", "他人已保存此判读"),
    "conflict_text": _t(
        "Save yours on top (theirs stays among the revisions), or open theirs and lose yours?",
        "将您的修改保存在其上（对方的版本仍保留），还是打开对方的版本并放弃您的修改？",
    ),
    "save_on_top": _t("Save on top", "保存在其上"),
    "open_theirs": _t("Open theirs", "打开对方版本"),
    "next_case": _t("Next case", "下一例"),
    "previous_case": _t("Previous case", "上一例"),
    "no_next": _t("No other case waits for a signature.", "没有其他待签署的病例。"),
    "back": _t("Work list", "工作列表"),
    "carrying": _t("Following the wire …", "正在跟踪导丝……"),
    "carried": _t("Carried to frames {frames}.", "已推广到第 {frames} 帧。"),
    "not_carried": _t(
        "Carried nowhere: lost at the next frames, or these are accepted.",
        "未推广：相邻帧中无法跟踪，或已被接受。",
    ),
    "recovered": _t(
        "{count} unsaved edits of the last session were restored.",
        "已恢复上次会话中未保存的 {count} 处修改。",
    ),
    "stranded": _t(
        "{count} unsaved edits belong to an earlier revision, which was replaced meanwhile. "
        "Open that revision from the history to take them over.",
        "有 {count} 处未保存的修改属于已被替换的早先版本。可在历史中打开该版本以取回。",
    ),
    "imported": _t("The masks were taken over.", "已采用导入的掩膜。"),
    "uploaded": _t("The study is in the work list.", "检查已加入工作列表。"),
    "read_done": _t("The reading is finished.", "判读完成。"),
    "language_other": _t("中文", "English"),
    "language": _t("Language: English / 中文", "语言：中文 / English"),
    "theme": _t("Dark or light", "深色或浅色"),
    "keys": _t("Keyboard", "键盘"),
    "help": _t("Keyboard and help", "键盘与帮助"),
    "what_to_do": _t("What to do:", "处理办法："),
    "title_cacs": _t("Coronary artery calcium", "冠状动脉钙化"),
    "title_lungnodule": _t("Lung nodules", "肺结节"),
}

#: States of findings.
STATES_TEXT: dict[str, Text] = {
    "proposed": _t("proposed", "机器提出"),
    "accepted": _t("accepted", "已接受"),
    "rejected": _t("rejected", "已拒绝"),
    "added": _t("added", "人工添加"),
}

#: Choices of options that are words rather than names.
CHOICES: dict[str, Text] = {
    "auto": _t("automatic", "自动"),
    "yes": _t("yes", "是"),
    "no": _t("no", "否"),
    "male": _t("male", "男"),
    "female": _t("female", "女"),
    "white": _t("white", "白人"),
    "chinese": _t("Chinese", "华人"),
    "black": _t("Black", "黑人"),
    "hispanic": _t("Hispanic", "西班牙裔"),
    "standard_130": _t("130 HU (standard)", "130 HU（标准）"),
    "kvp_adapted": _t("adapted to the tube voltage", "按管电压调整"),
    "non_contrast": _t("no contrast agent", "平扫"),
    "contrast": _t("contrast agent", "增强"),
    "area_1mm2": _t("at least 1 mm²", "至少 1 mm²"),
    "more_than_3_pixels": _t("more than 3 pixels", "多于 3 个像素"),
    "voxels": _t("counted voxels", "体素计数"),
    "isotropic": _t("interpolated", "插值"),
    "3d": _t("in 3D", "三维"),
    "orcascore": _t("as orCaScore", "按 orCaScore"),
    "8": _t("8 neighbours", "8 邻域"),
    "4": _t("4 neighbours", "4 邻域"),
    "cpu": _t("CPU", "CPU"),
    "cuda": _t("GPU (CUDA)", "GPU (CUDA)"),
    "float32": _t("32 bit", "32 位"),
    "float16": _t("16 bit", "16 位"),
    "high": _t("high", "高"),
    "balanced": _t("balanced", "均衡"),
    "specific": _t("specific", "特异"),
    "candidates": _t("candidates and network", "候选加网络"),
    "anchor": _t("anchor detector", "锚框检测器"),
    "segmentation": _t("segmentation U-Net", "分割 U-Net"),
    "ensemble": _t("all together", "联合"),
    "monai": _t("MONAI detector", "MONAI 检测器"),
    "own": _t("built in", "内置"),
    "lungmask": _t("lungmask network", "lungmask 网络"),
    "totalsegmentator": _t("TotalSegmentator network", "TotalSegmentator 网络"),
    "lung_rads": _t("Lung-RADS", "Lung-RADS 分级"),
    "fleischner": _t("Fleischner", "Fleischner 指南"),
    "both": _t("both", "两者"),
    "baseline": _t("baseline", "基线"),
    "annual": _t("annual screening", "年度筛查"),
    "follow_up": _t("follow-up", "随访"),
    "never": _t("never", "从不"),
    "former": _t("former", "既往"),
    "current": _t("current", "目前"),
    "dark": _t("dark", "暗"),
    "bright": _t("bright", "亮"),
}

#: Stages that readers and reports announce while they work.
STAGES: dict[str, Text] = {
    "start": _t("Starting", "启动"),
    "load": _t("Loading the images", "载入图像"),
    "anatomy": _t("Finding the organs", "定位器官"),
    "lesions": _t("Finding calcium", "查找钙化"),
    "scoring": _t("Scoring", "计算积分"),
    "detection": _t("Finding nodules", "查找结节"),
    "nodules": _t("Measuring nodules", "测量结节"),
    "prior": _t("Comparing with the prior scan", "与既往检查比较"),
    "normalise": _t("Preparing the frames", "帧归一化"),
    "segmentation": _t("Finding wires and catheters", "分割导丝与导管"),
    "tracking": _t("Following from frame to frame", "逐帧跟踪"),
    "centerlines": _t("Tracing the centrelines", "提取中心线"),
    "masks": _t("Drawing the masks", "生成掩膜"),
    "notes": _t("Checking the fitness", "检查适用性"),
    "save": _t("Saving", "保存"),
    "done": _t("Finishing", "完成"),
    "wait": _t("Waiting", "等待"),
}


def texts(language: Language) -> dict[str, str]:
    """Return the texts of the pages in one language."""
    return {key: text[language] for key, text in TEXTS.items()}


def say(key: str, language: Language, **values: object) -> str:
    """Return one text with `values` filled in."""
    text = TEXTS[key][language]
    return text.format(**values) if values else text


def stage(name: str, language: Language) -> str:
    """Return what a stage of work is called."""
    known = STAGES.get(name)
    if known is None and f"format_{name}" in TEXTS:
        known = TEXTS[f"format_{name}"]
    return known[language] if known else name.replace("_", " ")
