"""Errors in Chinese, by code: what happened, what to do."""

from __future__ import annotations

_INPUT = {
    "PATH_NOT_FOUND": ("给定位置没有该文件或文件夹。", "请检查路径。"),
    "NO_IMAGES": ("其中没有图像。", "请提供一个图像序列的文件夹。"),
    "NOT_AN_IMAGE": (
        "所给内容既不是 DICOM，也不是 NIfTI、NRRD 或 MetaImage 文件，或文件为空。",
        "请提供 DICOM 文件夹，或扩展名为 .nii、.nii.gz、.nrrd、.nhdr、.mha、.mhd 的文件。",
    ),
    "SEVERAL_FILES": ("文件夹中有多个图像文件且没有 DICOM 序列。", "请指定要判读的文件。"),
    "MIXED_INPUT": ("同时给出了 DICOM 与其他图像文件。", "请只提供其中一种。"),
    "SEVERAL_PATIENTS": ("图像属于不同患者。", "请一次只提供一名患者的图像。"),
    "SEVERAL_STUDIES": ("图像属于多次检查。", "请提供一次检查的文件夹，或指定序列。"),
    "SERIES_UNKNOWN": ("所选序列不存在或不唯一。", "请选择检查中的一个序列。"),
    "MODALITY_UNSUITED": ("该检查的成像方式不适用。", "请提供 CT 检查。"),
    "NO_SUITED_SERIES": ("该检查只有定位像、投影像或截屏。", "请提供断层序列所在的文件夹。"),
    "SLICES_TOO_FEW": ("序列层数过少。", "请提供完整序列。"),
    "SLICES_AMBIGUOUS": ("不同图像位于患者体内同一位置，无法区分。", "请只提供一次采集的文件。"),
    "GEOMETRY_MISSING": (
        "图像未注明在患者体内的位置（缺少位置、方向或像素间距）。",
        "请从影像归档系统导出原始序列，而非副本或截屏。",
    ),
    "RESCALE_MISSING": (
        "该 CT 未注明如何换算为 HU 值。",
        "请重新导出包含 Rescale Slope 与 Intercept 的序列。",
    ),
    "IMAGE_4D": ("文件包含多个容积。", "请将要判读的容积另存为三维文件。"),
    "IMAGE_NOT_FINITE": (
        "图像含有非数值（NaN 或无穷大）。",
        "请替换后重新保存（空气为 -1024 HU）。",
    ),
    "IMAGE_TRUNCATED": ("图像文件不完整或压缩数据已损坏。", "请重新复制或导出该文件。"),
    "IMAGE_UNDECODABLE": ("图像文件的压缩像素无法解码。", "请重新导出序列，尽可能不压缩。"),
    "NOT_GREYSCALE": ("文件的每个体素含有多个数值。", "请提供每个体素一个数值的文件。"),
    "FILE_PACKED": ("所给内容是整体打包的压缩文件，无法查看其中内容。", "请解压后提交其中的文件。"),
    "VALUES_OUT_OF_RANGE": ("数值超出 16 位 DICOM 像素范围。", "请截取到 -31744 至 31743 HU。"),
    "WRITE_FAILED": ("无法在指定位置写入图像。", "请检查文件夹是否存在、可写且有空间。"),
}
_GIVE_A_CINE = "请提供 XA 或 RF 序列、视频，或由图像帧组成的文件夹。"
_EXPORT_AGAIN = "请重新导出该序列。"
_CINE = {
    "NO_CINE": ("该检查不含透视：其中没有连续的图像帧。", _GIVE_A_CINE),
    "NOT_FLUOROSCOPY": ("该序列不是透视。", _GIVE_A_CINE),
    "VIDEO_UNREADABLE": (
        "视频文件已损坏，或格式无法读取。",
        "请重新导出为 MP4（H.264）或 AVI。",
    ),
    "VIDEO_EMPTY": ("视频文件中没有图像帧。", _EXPORT_AGAIN),
    "VIDEO_TOO_LONG": ("序列的帧数过多，无法一次读入。", "请截取需要判读的部分。"),
    "MIXED_SIZES": (
        "文件夹中的图像尺寸不一。",
        "请提供只含同一序列图像帧的文件夹。",
    ),
    "FRAME_SIZE_CHANGES": (
        "视频中途图像帧的尺寸发生变化。",
        "请将各尺寸的部分分别导出为单独的文件。",
    ),
    "FRAMES_SHAPE": (
        "所给内容不是由灰度图像帧组成的序列，或图像帧过小。",
        "请提供至少 16 × 16 像素的灰度图像帧（8 或 16 位）。",
    ),
    "FRAMES_NOT_FINITE": ("图像帧含有非数值（NaN 或无穷大）。", _EXPORT_AGAIN),
    "FRAMES_BLANK": (
        "图像帧没有内容：所有像素的灰度相同。",
        "请检查导出序列时是否包含像素数据。",
    ),
    "FRAME_SHAPE": ("收到的帧不是可判读的灰度图像。", "请发送单通道灰度图像。"),
    "FRAME_SIZE_CHANGED": ("视频流中帧的尺寸发生变化。", "请为其他尺寸的帧开始新的视频流。"),
}
_GUIDEWIRE = {
    "STEP_UNKNOWN": ("没有该预处理步骤。", "请选择列出的步骤。"),
    "VIEWS_TOO_CLOSE": (
        "两个投照角度过于接近，无法判断深度。",
        "请使用角度相差至少 15 度的两个投照。",
    ),
    "CURVES_DIFFER": (
        "两条中心线不可能是同一导丝的投影。",
        "请确认两者显示同一时刻的同一导丝，且尖端在同一端。",
    ),
    "SEALED_SET": (
        "所给图像中有封存的测试集（WEISS T5 与 T6）。",
        "请去掉这些文件后再训练；它们仅用于最终评估。",
    ),
    "DISTRACTOR_UNKNOWN": ("没有该类干扰物。", "请选择列出的干扰物。"),
    "NOT_A_CT": ("给定位置没有 CT 容积。", "请提供胸部 CT 的文件夹。"),
    "PROMPT_EMPTY": (
        "没有可分割的内容：缺少图像帧，或缺少器械上的点或方框。",
        "请在器械上点击，或画出方框。",
    ),
}
_OTHER_SERIES = "请选择其他序列或检查。"
_READING = {
    "OPTION_INVALID": ("有一个选项的取值不合适。", "请检查选项的取值范围。"),
    "READER_UNKNOWN": ("没有该判读器。", "请选择列出的判读器。"),
    "HEART_ABSENT": ("图像中未找到心脏。", "请选择显示完整心脏的序列（选项“序列”）。"),
    "PHANTOM_NOT_FOUND": ("图像中未找到 QRM 心脏钙化体模。", "请检查序列是否覆盖插件与校准棒。"),
    "DATASET_MISSING": ("没有用于生成病例的扫描。", "请先运行一次 “readingroom demo”。"),
    "DATASET_UNKNOWN": ("没有该数据集。", "请检查数据集名称。"),
    "REFUSED": ("该检查不适合此判读器。", "请选择其他序列或检查。"),
    "NOT_CT": ("该序列不是 CT。", _OTHER_SERIES),
    "SINGLE_SLICE": ("该序列只有一层。", _OTHER_SERIES),
    "TOO_FEW_SLICES": ("该序列层数过少，未覆盖所需范围。", _OTHER_SERIES),
    "SLICES_TOO_THICK": ("层间距过大，无法区分结节与血管。", _OTHER_SERIES),
    "LUNGS_ABSENT": ("图像中未见肺。", "请选择显示胸部的序列。"),
    "SOLID_PART_UNKNOWN": ("部分实性结节的实性成分尚未测量。", "请勾画实性成分，或改选结节类型。"),
    "RATINGS_UNAVAILABLE": ("无法下载 LIDC 阅片评分。", "请连接软件包仓库后重试。"),
    "RATINGS_CHANGED": ("LIDC 评分文件与公布的不一致。", "请重新下载。"),
    "WEIGHTS_UNKNOWN": ("该文件不是已知的公开模型权重。", "请检查文件来源。"),
    "NOT_AXIAL": ("该序列不是横断面图像。", _OTHER_SERIES),
    "NOT_FINITE": ("图像含有非数值，无法判读。", _OTHER_SERIES),
    "NOT_HU": ("数值不是 HU 值：组织旁没有空气。", _OTHER_SERIES),
    "WORKER_DIED": (
        "判读进程在完成之前结束。",
        "请重新开始；若再次发生，可能是内存不足。",
    ),
    "WORKER_NOT_STARTED": ("无法启动判读进程。", "请运行 “readingroom doctor” 检查安装是否完整。"),
    "MESSAGE_INVALID": ("判读进程无法理解该请求。", "请重新加载页面。"),
    "CANCELLED": ("判读已取消。", "可随时重新开始。"),
    "OUT_OF_MEMORY": ("内存不足。", "请关闭其他程序，或使用内存更大的机器。"),
    "INTERNAL_ERROR": (
        "发生未预料的错误。",
        "请设置 READINGROOM_DEBUG=1 后重新启动，并将输出发送给项目组。",
    ),
}
_FOLDER = {
    "NOT_A_READING": ("该文件夹不是判读文件夹。", "请选择 “readingroom read” 写出的文件夹。"),
    "READING_DAMAGED": (
        "判读中的一个文件已损坏。",
        "请从备份恢复，或从文件夹 revisions 取用早先版本。",
    ),
    "READING_CHANGED": (
        "该判读已被另一会话保存为新版本。",
        "请重新打开以在其基础上继续，或保存在其上；原版本仍会保留。",
    ),
    "SCHEMA_NEWER": ("该判读由更新版本的程序保存。", "请更新 ReadingRoom 后再打开。"),
    "REVISION_UNKNOWN": ("没有该版本。", "请从版本列表中选择。"),
    "OUTPUT_EXISTS": ("输出文件夹已存在且不为空。", "请选择新的文件夹；判读从不会被覆盖。"),
    "OUTPUT_IN_USE": ("输出文件夹中已有其他内容。", "请选择新的文件夹。"),
    "OUTPUT_NOT_WRITABLE": ("输出文件夹不可写，未作任何更改。", "请选择您有权写入的文件夹。"),
    "NOT_PERMITTED": (
        "没有读取或写入该文件或文件夹的权限。",
        "请选择您自己的文件夹，并检查输入是否可读。",
    ),
    "DISK_FULL": ("磁盘已满，未保存，原有内容未改变。", "请释放空间或选择其他文件夹后重试。"),
    "MASK_FORMAT": (
        "不支持该类型的掩膜文件。",
        "请保存为 .seg.nrrd（3D Slicer 分割）、.nrrd、.nii 或 .nii.gz。",
    ),
    "MASK_GEOMETRY": (
        "该掩膜与此判读的图像不在同一网格上。",
        "请在此判读的图像上绘制，并以其为参考保存。",
    ),
    "MASK_LABEL_UNKNOWN": ("掩膜含有不属于任何分段的标签。", "请为掩膜的每一部分命名分段。"),
    "MASK_NAMES_MISSING": ("标签图未注明各标签的含义。", "请保存为含有分段名称的 .seg.nrrd。"),
    "MASK_NAMES_TWICE": ("掩膜文件中有两个同名分段。", "请在分割编辑器中合并或重命名。"),
    "MASK_UNREADABLE": ("无法读取该掩膜文件。", "请用绘制它的程序重新保存。"),
}
_REVIEW = {
    "SIGNED": ("判读已签署，不可修改。", "请先重新打开；已签署的版本会保留。"),
    "FINDING_UNKNOWN": ("没有该所见。", "请从所见列表中选择。"),
    "FINDING_WITHOUT_MASK": ("该所见处没有标记。", "请拒绝它，并在正确位置重新添加。"),
    "FINDING_NOT_ADDED": ("只有人工添加的所见可以移除。", "请拒绝它：它会留在列表中但不计入。"),
    "CLASS_UNKNOWN": ("没有该类别。", "请选择判读器提供的类别。"),
    "LANDMARK_UNKNOWN": ("没有该标志点。", "请从列表中选择。"),
    "LANDMARK_EXISTS": ("已有同名标志点。", "请移动它，或使用其他名称。"),
    "NOTHING_TO_GROW": ("点击处没有可勾画的内容。", "请点击更亮的位置，或手动绘制。"),
    "GROWTH_LEAKS": ("按阈值勾画会漏入骨、对比剂或金属。", "请改用阈值画笔绘制。"),
    "NOTHING_TO_SPLIT": (
        "该处为没有狭颈的单一部分，无可拆分。",
        "请擦除要分开之处；分离的部分会成为独立所见。",
    ),
    "TRANSFORM_DAMAGED": ("已存储的两次检查间的变换已损坏。", "请重新比较两次检查。"),
    "SOURCE_MISSING": ("图像已不在判读时的位置。", "请将图像放回原处。"),
    "SOURCE_GONE": ("图像已不在判读时的位置。", "请将图像放回原处。"),
    "SOURCE_CHANGED": ("该处的图像不是此判读所用的图像。", "请提供原检查；其他图像请重新判读。"),
    "STUDY_DIFFERS": ("该检查不含此判读所用的序列。", "请提供此判读的检查。"),
    "READERS_DIFFER": ("两次判读的问题不同。", "请比较同一判读器的两次判读。"),
    "PATIENTS_DIFFER": ("两次判读属于不同患者。", "请选择同一患者的两次判读。"),
    "DATES_REVERSED": ("较早的判读采集于较晚的判读之后。", "请将较早的判读放在前面。"),
}
_OTHER_FORMATS = "请选择其他格式。"
_REPORT = {
    "FORMAT_UNKNOWN": ("没有该报告格式。", "请选择列出的格式。"),
    "FORMAT_MISSING": ("未选择报告格式。", "请至少选择一种格式。"),
    "LANGUAGE_UNKNOWN": ("报告没有该语言版本。", "请选择英文或中文。"),
    "SEG_EMPTY": ("判读中没有掩膜，无法写出 DICOM SEG。", _OTHER_FORMATS),
    "SEG_GEOMETRY": ("掩膜与序列不在同一网格上。", "请重新判读，或将掩膜重采样到该序列。"),
    "MASKS_GEOMETRY": ("掩膜与序列不在同一网格上。", "请重新判读，或将掩膜重采样到该序列。"),
    "MASKS_MISSING": ("判读中没有掩膜，无法生成训练数据。", _OTHER_FORMATS),
    "NO_SURFACE": ("该判读基于图像帧，没有第三维，无法生成表面。", _OTHER_FORMATS),
    "NO_CENTERLINES": ("判读中没有中心线。", _OTHER_FORMATS),
    "NOT_A_CINE": ("所判读的是容积；视频由图像帧序列生成。", _OTHER_FORMATS),
    "SEG_SEVERAL_IMAGES": ("图像帧来自多个图像文件，无法写出 DICOM SEG。", _OTHER_FORMATS),
    "NOT_DICOM": ("只有来自 DICOM 的检查才能写出 DICOM 对象。", _OTHER_FORMATS),
    "SOURCE_INCOMPLETE": ("图像缺少必要的 DICOM 标识。", "请选择其他格式，或重新导出序列。"),
    "TERMINOLOGY_INVALID": ("判读中有一个分段缺少术语。", "请在分割编辑器中为其设置术语。"),
    "FONT_MISSING": ("报告所需字体缺失。", "请重新安装软件包。"),
    "DATASET_DAMAGED": ("训练数据集中的文件无法读取。", "请从副本恢复，或选择其他文件夹。"),
    "DATASET_MISMATCH": ("训练数据集含有其他类型的图像。", "请选择其他文件夹。"),
}
_WORKBENCH = {
    "SESSION_NOT_STARTED": (
        "无法启动此浏览器会话的进程。",
        "请运行 “readingroom doctor” 查看缺少什么，然后重新加载页面。",
    ),
    "ARCHIVE_DAMAGED": ("zip 文件已损坏或有密码保护。", "请自行解压后提交文件夹。"),
    "UPLOAD_NAME": ("有一个文件没有可用的名称。", "请重命名后再次提交。"),
    "UPLOAD_TOO_LARGE": (
        "上传内容超过 8 GiB 或 20 000 个文件。",
        "请一次提交一个检查，或直接复制到工作列表的文件夹。",
    ),
    "UPLOAD_FAILED": ("上传未能完成。", "请检查服务是否仍在运行，然后重试。"),
    "MASK_FILE_ONE": ("一次只能采用一个掩膜文件。", "请只拖放一个文件。"),
    "PORT_TAKEN": ("该端口已被其他程序使用。", "请用 --port 选择其他端口。"),
    "WINDOW_MISSING": (
        "没有找到可显示窗口的 Chromium、Chrome 或 Edge。",
        "请安装其中之一，或去掉 --desktop-window 使用普通浏览器。",
    ),
    "RENDERING_UNAVAILABLE": (
        "此机器无法绘图：缺少屏幕以及 EGL 或 OSMesa。",
        "请安装 libegl1 与 libgl1-mesa-dri（Debian、Ubuntu），然后重新加载页面。",
    ),
    "WORKBENCH_MISSING": (
        "未安装工作台所需的软件包。",
        "请安装：pip install 'readingroom[workbench]'",
    ),
}
_MODELS = {
    "CARD_CHECKSUM": ("模型文件与模型卡不符。", "请用 “readingroom models pull” 重新获取模型。"),
    "NNUNET_RESULT": (
        "该文件夹中没有此数据集的 nnU-Net 预测结果。",
        "请提供 nnUNetv2_predict 的输出文件夹。",
    ),
    "CARD_INVALID": ("模型卡无法使用。", "请用 “readingroom models pull” 重新获取模型。"),
    "CARD_MISSING": ("缺少所需的模型。", "请用 “readingroom models pull” 获取，或自行训练。"),
    "BACKEND_MISSING": ("推理后端不支持该设备。", "请使用 torch 后端或安装 GPU 版本。"),
    "BACKEND_UNKNOWN": ("没有该推理后端。", "请选择列出的后端。"),
    "DEVICE_MISSING": ("此机器没有该设备。", "请将设备设为自动或 CPU。"),
    "DEVICE_UNKNOWN": ("没有该设备。", "请选择自动、CPU 或 GPU。"),
    "PRECISION_UNKNOWN": ("该设备不支持所选精度。", "请将精度设为自动。"),
    "GRID_TOO_LARGE": ("该网格的概率图过大。", "请使用较粗的网格。"),
}

#: Code to what happened and what to do.
CHINESE: dict[str, tuple[str, str]] = {
    **_INPUT,
    **_CINE,
    **_GUIDEWIRE,
    **_READING,
    **_FOLDER,
    **_REVIEW,
    **_REPORT,
    **_WORKBENCH,
    **_MODELS,
}
