"""What people read of a review, in English and Chinese."""

from __future__ import annotations

from readingroom.errors import ReadingRoomError

#: Titles of the edits by their code, for undo, redo and the audit.
EDITS: dict[str, dict[str, str]] = {
    "accept": {"en": "Accept", "zh": "接受"},
    "reject": {"en": "Reject", "zh": "拒绝"},
    "restore": {"en": "Take back", "zh": "撤回判断"},
    "reassign": {"en": "Change class", "zh": "更改分类"},
    "remove": {"en": "Remove", "zh": "移除"},
    "grow": {"en": "Mark missed calcium", "zh": "标记遗漏病灶"},
    "paint": {"en": "Paint", "zh": "绘制"},
    "erase": {"en": "Erase", "zh": "擦除"},
    "draw": {"en": "Draw", "zh": "勾画"},
    "scissors": {"en": "Scissors", "zh": "剪刀"},
    "split": {"en": "Split", "zh": "拆分"},
    "islands": {"en": "Islands", "zh": "孤岛处理"},
    "smoothing": {"en": "Smoothing", "zh": "平滑"},
    "threshold_brush": {"en": "Threshold brush", "zh": "阈值画笔"},
    "curve": {"en": "Redraw centreline", "zh": "重绘中心线"},
    "carry": {"en": "Carry to neighbouring frames", "zh": "推广到相邻帧"},
    "import": {"en": "Import masks", "zh": "导入掩膜"},
    "revert": {"en": "Back to the machine's reading", "zh": "恢复机器判读"},
    "move_landmark": {"en": "Move landmark", "zh": "移动标志点"},
    "add_landmark": {"en": "Add landmark", "zh": "添加标志点"},
    "remove_landmark": {"en": "Remove landmark", "zh": "删除标志点"},
    "undo": {"en": "Undo", "zh": "撤销"},
    "redo": {"en": "Redo", "zh": "重做"},
    "save": {"en": "Save", "zh": "保存"},
    "sign": {"en": "Sign", "zh": "签名"},
    "reopen": {"en": "Reopen", "zh": "重新打开"},
}

#: What happened and what to do, by the error's code.
_CHINESE: dict[str, tuple[str, str]] = {
    "SIGNED": ("报告已签名，不能更改。", "请先重新打开；已签名的版本会保留。"),
    "FINDING_UNKNOWN": ("判读中没有这个所见。", "请从所见列表中选择。"),
    "FINDING_WITHOUT_MASK": ("该所见处没有任何标记。", "请拒绝它，并在正确位置重新添加。"),
    "FINDING_NOT_ADDED": (
        "只能移除人工添加的所见。",
        "请拒绝它：它会留在列表中，但不计入任何结果。",
    ),
    "CLASS_UNKNOWN": ("没有这个分类。", "请从所列分类中选择。"),
    "LANDMARK_UNKNOWN": ("没有这个标志点。", "请从列表中选择。"),
    "LANDMARK_EXISTS": ("已有同名标志点。", "请移动它，或使用其他名称。"),
    "READING_CHANGED": (
        "另一会话已在此期间保存了本判读的新版本。",
        "请重新载入以从该版本继续，或覆盖保存：该版本会保留在历史版本中。",
    ),
    "SOURCE_MISSING": (
        "本判读的图像已不在判读时的位置。",
        "请连接存放图像的磁盘，或指明检查现在的位置。",
    ),
    "SOURCE_CHANGED": (
        "该处的图像不是本判读所用的图像。",
        "请提供本判读的检查；其他图像请重新判读。",
    ),
    "MASK_GEOMETRY": (
        "该掩膜与本判读的图像不在同一网格上。",
        "请在本判读的图像上勾画，并以其为参考保存（不重采样、不裁剪）。",
    ),
    "MASK_LABEL_UNKNOWN": (
        "掩膜中有不属于任何分割的标签。",
        "请为掩膜的每一部分指定有名称的分割。",
    ),
    "MASK_FORMAT": ("不支持该掩膜文件的格式。", "请保存为 .seg.nrrd、.nrrd、.nii 或 .nii.gz。"),
    "MASK_UNREADABLE": ("无法读取该掩膜文件。", "请用绘制它的程序重新保存。"),
    "MASK_NAMES_MISSING": ("标签图没有说明各标签的含义。", "请保存为带有分割名称的 .seg.nrrd。"),
    "MASK_NAMES_TWICE": ("掩膜文件中有两个同名分割。", "请在分割编辑器中合并或重命名。"),
    "NOTHING_TO_SPLIT": (
        "该处为没有狭颈的单一部分，无可拆分。",
        "请擦除要分开之处；分离的部分会成为独立所见。",
    ),
    "NOTHING_TO_GROW": (
        "此处没有达到计分阈值、尚未标记且足够大的钙化。",
        "请直接点击钙化，或手动绘制。",
    ),
    "GROWTH_LEAKS": (
        "在计分阈值下，此处钙化与骨、对比剂或金属相连。",
        "请改用阈值画笔绘制。",
    ),
    "DISK_FULL": (
        "磁盘已满，未能保存，原有内容未变。",
        "请释放空间后再次保存；更改仍保留在此会话中。",
    ),
    "OUTPUT_NOT_WRITABLE": ("无法写入判读文件夹。", "请选择可写入的位置；更改仍保留在此会话中。"),
    "SCHEMA_NEWER": ("该判读由更新版本的程序保存。", "请更新 ReadingRoom 后再打开。"),
    "READING_DAMAGED": (
        "判读文件夹中的文件已损坏。",
        "请从备份恢复，或使用 revisions 文件夹中的早期版本。",
    ),
    "NOT_A_READING": ("这不是判读文件夹。", "请选择含有 reading.json 的文件夹。"),
    "REVISION_UNKNOWN": ("没有这个版本。", "请选择列出的版本。"),
    "OUTPUT_IN_USE": ("该文件夹中已有其他内容。", "请选择新文件夹，或本判读的文件夹。"),
}


def edit_title(what: str, language: str = "en") -> str:
    """Return the title of an edit's code; the code itself where a host made it up."""
    titles = EDITS.get(what, {})
    return titles.get(language) or titles.get("en") or what.replace("_", " ")


def explained(error: ReadingRoomError, language: str = "en") -> tuple[str, str]:
    """Return what happened and what to do, in English where there is no Chinese yet."""
    english = (error.what_happened, error.what_to_do)
    return _CHINESE.get(error.code, english) if language == "zh" else english
