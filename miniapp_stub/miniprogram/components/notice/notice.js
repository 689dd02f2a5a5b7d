// What a page shows in place of its content: loading, nothing there, or a failure with a way out.
Component({
  properties: {
    kind: { type: String, value: 'loading' }, // loading | empty | failure
    text: { type: String, value: '' },
  },
  methods: {
    onRetry() {
      this.triggerEvent('retry')
    },
  },
})
