"""统一公共支付/非税缴款: a province's platform for non-tax revenue, behind the ports."""
