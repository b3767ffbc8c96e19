// Texts that would do harm if any of them became markup, a script, a style or an address.

export const hostile = [
  '<img src=x onerror="alert(1)"><script>alert(2)</script>',
  '"><svg onload=alert(3)>',
  '{{alert(4)}}<a href="javascript:alert(5)">x</a><style>body{display:none}</style>',
]
