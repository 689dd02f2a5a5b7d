// The entry to 长辈版, at the top of every page.
Component({
  properties: {
    on: { type: Boolean, value: false },
  },
  methods: {
    onSwitch(event) {
      this.triggerEvent('toggle', { on: event.detail.value })
    },
  },
})
