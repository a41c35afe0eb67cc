-- The pods save a checkpoint and end.
obj.spec.suspend = true
return obj
