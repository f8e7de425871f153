"""Chinese for the panel's texts and for the faults that only the desktop has."""

from __future__ import annotations

_PANEL = {
    "Study": "检查",
    "CT volume:": "CT 容积：",
    "The CT to read.": "要判读的 CT。",
    "CT or MR volume:": "CT 或 MR 容积：",
    "The volume to read.": "要判读的容积。",
    "Cine:": "电影序列：",
    "The angiogram or fluoroscopy to read.": "要判读的造影或透视。",
    "Image:": "图像：",
    "The absorptiometry image to read.": "要判读的骨密度图像。",
    "Reading folder:": "判读文件夹：",
    "temporary folder": "临时文件夹",
    "Where the readings are kept; empty keeps them in a temporary folder.": (
        "判读的保存位置；留空则保存在临时文件夹。"
    ),
    "Choose a folder.": "选择文件夹。",
    "Choose a folder": "选择文件夹",
    "…": "…",
    "The reader '{reader}' is not part of this version of ReadingRoom.": (
        "本版本的 ReadingRoom 不包含判读器“{reader}”。"
    ),
    "ReadingRoom is free software under the Apache License 2.0.": (
        "ReadingRoom 是遵循 Apache License 2.0 的自由软件。"
    ),
}
_PACKAGES = {
    "Python packages": "Python 软件包",
    "Wheel folder:": "wheel 文件夹：",
    "from the network": "从网络安装",
    "A folder of wheels for an installation without network; empty installs from the network.": (
        "存放 wheel 文件的文件夹，用于无网络安装；留空则从网络安装。"
    ),
    "Install packages…": "安装软件包…",
    "Install what reading needs into a folder of its own; nothing of 3D Slicer is changed.": (
        "将判读所需软件包安装到独立文件夹；不改动 3D Slicer 的任何内容。"
    ),
    "Install Python packages": "安装 Python 软件包",
    "Reading needs {count} Python packages that are not there yet.": (
        "判读还需要 {count} 个尚未安装的 Python 软件包。"
    ),
    "The packages are being installed.": "正在安装软件包。",
    "The packages are installed.": "软件包已安装。",
    "Nothing was installed. Reading needs the packages; press again to install.": (
        "未安装任何内容。判读需要这些软件包；再次点击即可安装。"
    ),
    "{count} Python packages will be installed into the folder\n{folder}\n\n"
    "Depending on the system this takes from several hundred megabytes to a few "
    "gigabytes. The packages of 3D Slicer are not changed.": (
        "将把 {count} 个 Python 软件包安装到文件夹\n{folder}\n\n"
        "视系统而定，需要数百 MB 至数 GB 空间。3D Slicer 自带的软件包不会改动。"
    ),
}
_RUN = {
    "Options": "选项",
    "More options": "更多选项",
    "Yes": "是",
    "No": "否",
    "Read": "判读",
    "Cancel": "取消",
    "Stop at once.": "立即停止。",
    "Read the volume in a process of its own.": "在独立进程中判读该容积。",
    "Choose a volume.": "请选择容积。",
    "The volume holds no image.": "该容积没有图像。",
    "The volume is a colour image; choose one with a single value for each voxel.": (
        "该容积是彩色图像；请选择每个体素只有一个数值的容积。"
    ),
    "The volume is moved by a transform; harden or remove the transform first.": (
        "该容积受变换移动；请先固化或移除该变换。"
    ),
    "Starting": "正在启动",
    "Cancelled.": "已取消。",
    "The scene was closed; the work was cancelled.": "场景已关闭，工作已取消。",
    "Show its reading": "显示其判读",
    "Show the reading that was made of the chosen volume.": "显示对所选容积所作的判读。",
    "Open reading folder…": "打开判读文件夹…",
    "Open reading folder": "打开判读文件夹",
    "Show a reading that was saved earlier on the chosen volume.": (
        "在所选容积上显示先前保存的判读。"
    ),
    "The reading is shown. Check every finding.": "判读已显示。请逐一核对所见。",
    "The open reading has corrections that are not saved. Save them first?": (
        "当前判读有尚未保存的修正。先保存吗？"
    ),
}
_REVIEW = {
    "Findings": "所见",
    "Class": "类别",
    "Confidence": "置信度",
    "Reading of {volume}, revision {revision}": "{volume} 的判读，第 {revision} 版",
    "{count} corrections that had not been saved were recovered.": (
        "已恢复 {count} 项此前未保存的修正。"
    ),
    "{count} unsaved corrections belong to an earlier revision.": (
        "有 {count} 项未保存的修正属于较早的版本。"
    ),
    "Accept": "接受",
    "Accept the chosen finding.": "接受所选所见。",
    "Reject": "拒绝",
    "Reject the chosen finding: it stays in the list and counts in no total.": (
        "拒绝所选所见：它仍留在列表中，但不计入任何总分。"
    ),
    "Restore": "恢复",
    "Make the chosen finding a proposal again.": "将所选所见恢复为建议。",
    "Class for reassigning the chosen finding, or for outlining a missed one.": (
        "用于重新分类所选所见，或勾画遗漏的所见。"
    ),
    "Reassign": "重新分类",
    "Give the chosen finding this class.": "将所选所见改为此类别。",
    "Outline missed": "勾画遗漏",
    "Then click in a view on what was missed: it is outlined as this class.": (
        "随后在视图中点击遗漏处：将按此类别勾画。"
    ),
    "Correction": "修正",
    "Undo": "撤销",
    "Undo the last correction of any kind.": "撤销最近一次任何类型的修正。",
    "Redo": "重做",
    "Do again what was undone.": "重做已撤销的修正。",
    "Load masks…": "载入掩膜…",
    "Load masks": "载入掩膜",
    "Masks": "掩膜",
    "Replace the masks with those of a file.": "用文件中的掩膜替换。",
    "Numbers": "数值",
    "Measurement": "测量",
    "Machine": "机器",
    "Reviewed": "复核",
    "Unit": "单位",
    "The volume or its masks left the scene; the corrections are kept in the folder.": (
        "容积或其掩膜已离开场景；修正保留在判读文件夹中。"
    ),
}
_SIGN = {
    "Save and sign": "保存与签署",
    "Your name:": "您的姓名：",
    "Stands in the revision and in the signature.": "记入版本与签名。",
    "Save revision": "保存版本",
    "Save the corrections as a new revision; earlier ones stay.": (
        "将修正保存为新版本；较早的版本保留。"
    ),
    "Sign": "签署",
    "Sign the reading with your name.": "以您的姓名签署判读。",
    "Reopen": "重新打开",
    "Allow corrections of a signed reading again.": "允许再次修正已签署的判读。",
    "Enter your name first.": "请先输入您的姓名。",
    "Machine proposal, not reviewed": "机器结果，未经复核",
    "unsaved corrections": "有未保存的修正",
    "saved": "已保存",
    "Signed: {name}": "签署：{name}",
    "Somebody else has saved this reading meanwhile. Save yours as a revision on top? "
    "The other revision stays.": (
        "另一会话已在此期间保存了本判读。是否将您的修正另存为更新的版本？对方的版本会保留。"
    ),
}
_EXPORT = {
    "Export": "导出",
    "DICOM SEG": "DICOM SEG",
    "DICOM SR": "DICOM SR",
    "PDF": "PDF",
    "CSV": "CSV",
    "FHIR": "FHIR",
    "STL": "STL",
    "Segmentation object; needs the DICOM series.": "分割对象；需要 DICOM 序列。",
    "Structured report; needs the DICOM series.": "结构化报告；需要 DICOM 序列。",
    "One page for the physician.": "供医师阅读的一页报告。",
    "Findings and totals as tables.": "所见与总分表格。",
    "FHIR R4 bundle.": "FHIR R4 资源包。",
    "Surfaces of the masks.": "掩膜的表面。",
    "Also into the DICOM database": "同时加入 DICOM 数据库",
    "Add the DICOM objects to the open DICOM database.": "将 DICOM 对象加入已打开的 DICOM 数据库。",
    "Write the saved reading in the chosen formats.": "以所选格式写出已保存的判读。",
    "Open folder": "打开文件夹",
    "Show the files in the file browser.": "在文件浏览器中显示文件。",
    "{count} files were written.": "已写出 {count} 个文件。",
    "The volume did not come from the DICOM database.": "该容积并非来自 DICOM 数据库。",
    "No DICOM database is open.": "没有打开的 DICOM 数据库。",
    "Wait for the work that is under way.": "请等待正在进行的工作。",
    "Choose a format.": "请选择格式。",
    "Enter your name first: the corrections are saved before they are exported.": (
        "请先输入您的姓名：修正会在导出前保存。"
    ),
}
_LIVE = {
    "Live": "实时",
    "Start live": "开始实时",
    "Stop live": "停止实时",
    "Read each new picture of the node at once and draw its wires.": (
        "节点每有新图像即刻判读，并画出其中的导丝。"
    ),
    "OpenIGTLink delivers '{name}'; it is followed.": "OpenIGTLink 传入“{name}”，将跟随该图像。",
    "OpenIGTLink is not there: it is part of the extension SlicerOpenIGTLink. The "
    "chosen picture is followed whenever it changes.": (
        "没有 OpenIGTLink：它属于扩展 SlicerOpenIGTLink。所选图像一有变化即判读。"
    ),
    "No OpenIGTLink connection delivers a picture yet. The chosen picture is followed "
    "whenever it changes.": "尚无 OpenIGTLink 连接传入图像。所选图像一有变化即判读。",
    "The networks are being loaded.": "正在载入网络。",
    "{wires} wires · {ms} ms a frame · {read} frames read, {skipped} skipped": (
        "导丝 {wires} 根 · 每帧 {ms} ms · 已判读 {read} 帧，略过 {skipped} 帧"
    ),
}
#: English text to Chinese text.
CHINESE: dict[str, str] = {
    **_PANEL,
    **_PACKAGES,
    **_RUN,
    **_REVIEW,
    **_SIGN,
    **_EXPORT,
    **_LIVE,
    "years": "岁",
}
#: Code to what happened and what to do.
FAULTS: dict[str, tuple[str, str]] = {
    "VOLUME_UNUSABLE": ("该容积无法判读。", "请选择其他容积。"),
    "VOLUME_DIFFERS": ("所选容积与作出该判读的位置不符。", "请选择当时判读的容积。"),
    "VOLUME_REMOVED": ("判读期间该容积已从场景中移除。", "请重新载入该容积并打开判读文件夹。"),
    "OTHER_READER": ("该判读由另一判读器作出。", "请在该判读器的模块中打开。"),
    "NO_READING": ("没有打开的判读。", "请先判读或打开一个判读。"),
    "INSTALL_FAILED": (
        "软件包未能安装，未作任何改动。",
        "请检查网络与磁盘空间，或从 wheel 文件夹安装。",
    ),
    "INSTALLATION_DAMAGED": ("软件包清单缺失。", "请重新安装该扩展。"),
    "WHEELS_MISSING": (
        "所给的离线安装文件夹中没有 wheel 文件。",
        "请选择由 pip download 生成的文件夹，或将此项留空。",
    ),
    "NOT_ONE_PICTURE": (
        "所选节点不是单幅图像。",
        "请选择会变化的单层图像，例如经 OpenIGTLink 传入的图像。",
    ),
    "LIVE_ENDED": ("实时判读进程已结束。", "请重新开始实时；若再次结束，可能是内存不足。"),
    "TESTING": ("程序正在自检，期间不安装软件包。", "请先在正常会话中安装软件包。"),
}
