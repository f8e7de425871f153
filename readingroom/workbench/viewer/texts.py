"""What the viewer says, in English and Chinese; the page reads it as ``page_t.<key>``."""

from __future__ import annotations

Text = dict[str, str]


def _t(en: str, zh: str) -> Text:
    return {"en": en, "zh": zh}


VIEWER_TEXTS: dict[str, Text] = {
    "view_axial": _t("Axial", "轴位"),
    "view_coronal": _t("Coronal", "冠状位"),
    "view_sagittal": _t("Sagittal", "矢状位"),
    "view_three_d": _t("3D", "三维"),
    "view_layout_four_up": _t("Four views", "四视图"),
    "view_layout_mpr": _t("Three planes", "三平面"),
    "view_layout_axial": _t("Axial only", "仅轴位"),
    "view_layout_one_plus_three": _t("Axial and three small views", "轴位加三个小视图"),
    "view_layout_three_d": _t("3D only", "仅三维"),
    "view_layout_prior": _t("Current and prior scan", "本次与既往对照"),
    "view_window": _t("Window", "窗宽窗位"),
    "view_center_width": _t("C / W", "窗位 / 窗宽"),
    "view_frame": _t("Frame", "帧"),
    "view_play": _t("Play (Space)", "播放（空格键）"),
    "view_pause": _t("Pause (Space)", "暂停（空格键）"),
    "view_slice": _t("Slice", "层面"),
    "view_slab": _t("Thick slab", "厚层投影"),
    "view_slab_off": _t("Single slice", "单层"),
    "view_slab_max": _t("Maximum (MIP)", "最大密度投影 (MIP)"),
    "view_slab_mean": _t("Mean", "平均密度投影"),
    "view_slab_min": _t("Minimum (MinIP)", "最小密度投影 (MinIP)"),
    "view_crosshair": _t("Linked crosshair", "联动十字线"),
    "view_fit": _t("Show whole image", "显示全图"),
    "view_landmarks": _t("Landmarks (drag to correct)", "解剖标志点（拖动以修正）"),
    "view_masks": _t("Masks", "掩膜"),
    "view_opacity": _t("Opacity", "不透明度"),
    "view_in_slices": _t("In slices", "二维显示"),
    "view_in_3d": _t("In 3D", "三维显示"),
    "view_findings_group": _t("Findings", "病灶"),
    "view_anatomy_group": _t("Anatomy", "解剖结构"),
    "view_volume_rendering": _t("Volume rendering", "体绘制"),
    "view_class": _t("Class to paint", "绘制的类别"),
    "view_tool_none": _t(
        "Navigate: click links the views, drag sets the window",
        "浏览：单击联动视图，拖动调节窗宽窗位",
    ),
    "view_tool_classify": _t("Click a finding to select it", "单击病灶以选中"),
    "view_tool_grow": _t("Click what was missed: it grows", "单击漏检处，自动生长"),
    "view_tool_paint": _t("Paint", "涂抹"),
    "view_tool_erase": _t("Erase", "擦除"),
    "view_tool_threshold_brush": _t("Paint above the threshold", "阈值涂抹"),
    "view_tool_draw": _t("Draw an outline", "勾画轮廓"),
    "view_tool_scissors": _t("Scissors", "剪切"),
    "view_tool_islands": _t("Islands", "连通域"),
    "view_tool_smoothing": _t("Smooth", "平滑"),
    "view_tool_curve": _t(
        "Centreline: drag its points; press the curve for a new one",
        "中心线：拖动控制点；在曲线上按下可新增控制点",
    ),
    "view_curve_cling": _t("Cling to the wire", "贴合导丝"),
    "view_curve_cling_help": _t(
        "Between the points the curve follows the dark line", "控制点之间的曲线沿暗线走行"
    ),
    "view_curve_reach": _t("Frames on each side", "前后帧数"),
    "view_curve_carry": _t("Carry to neighbours", "推广到相邻帧"),
    "view_brush": _t("Brush, mm", "画笔，mm"),
    "view_sphere": _t("Ball", "球形"),
    "view_sphere_help": _t("Paints through slices, not in one only", "跨层涂抹，而非仅当前层"),
    "view_overwrite_help": _t(
        "May take voxels from other classes; otherwise they keep them",
        "可覆盖其他类别的体素；不勾选则保留",
    ),
    "view_threshold": _t("Threshold, HU", "阈值，HU"),
    "view_overwrite": _t("Overwrite others", "允许覆盖"),
    "view_islands_keep_largest": _t("Keep the largest", "仅保留最大连通域"),
    "view_islands_remove_small": _t("Remove small ones", "删除小连通域"),
    "view_islands_keep_clicked": _t("Keep the clicked one", "仅保留单击的连通域"),
    "view_islands_remove_clicked": _t("Remove the clicked one", "删除单击的连通域"),
    "view_islands_split": _t("Split", "拆分"),
    "view_split_help": _t("Click a finding to divide it at its neck", "单击病灶，在狭颈处分开"),
    "view_smallest": _t("Smallest, voxels", "最小体素数"),
    "view_apply": _t("Apply", "应用"),
    "view_scissors_erase_inside": _t("Erase inside", "擦除内部"),
    "view_scissors_erase_outside": _t("Erase outside", "擦除外部"),
    "view_scissors_fill_inside": _t("Fill inside", "填充内部"),
    "view_scissors_all_slices": _t("Through all slices", "贯穿所有层面"),
    "view_smoothing_median": _t("Median", "中值"),
    "view_smoothing_opening": _t("Opening (removes spurs)", "开运算（去毛刺）"),
    "view_smoothing_closing": _t("Closing (fills gaps)", "闭运算（填缝隙）"),
    "view_smoothing_gaussian": _t("Gaussian", "高斯"),
    "view_kernel": _t("Radius, mm", "半径，mm"),
}
