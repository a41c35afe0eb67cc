-- Ask for another run of the same content.

-- A nonce that was used before would find the run of that time in the bucket. A uid is never
-- given twice and a generation never comes back, so both together are new. They are taken instead
-- of the time so that two clicks on one state of the object ask for one run.
if obj.spec.retrain == nil then
  obj.spec.retrain = {}
end
obj.spec.retrain.nonce = obj.metadata.uid .. "-" .. obj.metadata.generation
return obj
