// What the page says, in both languages.
const TEXTS = {
  en: {
    other: "中文", videos: "Test videos", start: "Start AI analysis", stop: "Stop AI analysis",
    play: "Play", pause: "Pause", fps: "Frames analysed a second", latency: "Latency (95 %)",
    engine: "of it engine", skipped: "Frames skipped", wires: "Wires", seen: "seen",
    inferred: "inferred", corrected: "corrected", save: "Save corrections", undo: "Undo",
    cling: "cling to the wire", simulated: "simulated", loading: "Loading…",
    drag: "Drag the points to correct the wire.", saved: "Saved: ",
    cut: "The video is long; its first frames are shown.",
    gone: "The line to the server is broken. Reload the page.",
    research: "For research; not a medical device. A physician decides.",
  },
  zh: {
    other: "English", videos: "测试视频", start: "开始 AI 分析", stop: "停止 AI 分析",
    play: "播放", pause: "暂停", fps: "每秒分析帧数", latency: "延迟（95%）",
    engine: "其中引擎", skipped: "跳过帧数", wires: "导丝", seen: "可见",
    inferred: "推断", corrected: "已修正", save: "保存修正", undo: "撤销",
    cling: "吸附到导丝", simulated: "模拟", loading: "正在载入……",
    drag: "拖动控制点以修正导丝。", saved: "已保存：",
    cut: "视频较长，仅显示前一部分。",
    gone: "与服务器的连接已断开，请重新载入页面。",
    research: "仅供研究，非医疗器械；由医生作出决定。",
  },
};

export const language = () => (document.documentElement.lang === "zh" ? "zh" : "en");
export const say = (key) => TEXTS[language()][key];

export function translate() {
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(element.dataset.text);
  }
}
