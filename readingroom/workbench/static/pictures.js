// The pictures of the views, on a canvas each. An <img> would load every picture twice, both
// times by way of a blob's address and the browser's main process: 12 ms of a core a picture.
(function () {
  "use strict";
  const TOPIC = "trame.rca.topic.stream";

  const Picture = {
    inject: ["trame"],
    props: { name: String },
    render() {
      return window.Vue.h("canvas", { class: "rv-picture" });
    },
    mounted() {
      this.sent = this.shown = 0;
      this.session = this.trame.client.getConnection().getSession();
      this.topic = this.session.subscribe(TOPIC, ([picture]) => {
        if (picture.name === this.name) this.show(picture);
      });
    },
    beforeUnmount() {
      this.session.unsubscribe(this.topic);
    },
    methods: {
      async show({ meta, content }) {
        const number = ++this.sent;
        const bitmap = await createImageBitmap(new Blob([content], { type: meta.type }));
        if (number < this.shown) return bitmap.close(); // A later one was decoded sooner.
        this.shown = number;
        const canvas = this.$el;
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
        canvas.getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
        canvas.dataset.number = number;
        canvas.dispatchEvent(new CustomEvent("picture", { bubbles: true }));
      },
    },
  };

  window.ReadingRoomPictures = { install: (app) => app.component("rv-picture", Picture) };
})();
